"""Archived rows as rows of a data file: texts by column, as the contract names them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from functions.assemble_dataset.labelled_rows import Line
from sluice.project.contract import Column
from sluice.project.schema import ProjectSpec

Texts = dict[str, str]


def row_of(line: Line, spec: ProjectSpec) -> Texts:
    """Features and protected values as they were scored, the label as it is known now.

    An id column gets the prediction's id, a time column the time of scoring. What a request does not
    carry, ignored columns above all, is missing.
    """
    return {column.name: _text(_value(line, column), column.dtype) for column in spec.contract.columns}


def keeps_contract(row: Texts, spec: ProjectSpec) -> bool:
    """Whether a dataset with this row can still be accepted."""
    used = [column for column in spec.contract.columns if column.role != "ignored"]
    return all(_fits(row[column.name], column) for column in used)


def _value(line: Line, column: Column) -> Any:  # noqa: ANN401 - a cell
    given: Mapping[str, Any] = {**line.get("accompanying", {}), **line["features"]}
    by_role = {"target": line["truth"], "id": line["prediction_id"], "time": line["predicted_at"]}
    return by_role.get(column.role, given.get(column.name))


def _text(value: Any, dtype: str) -> str:  # noqa: ANN401 - a cell
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    whole = dtype in {"integer", "boolean"} or float(value).is_integer()
    return str(int(value)) if whole else repr(float(value))


def _fits(text: str, column: Column) -> bool:
    if text == "":
        return column.nullable
    if column.categories is not None:
        return text in column.categories
    if column.minimum is None and column.maximum is None:
        return True
    low, high = column.minimum, column.maximum
    return (low is None or float(text) >= low) and (high is None or float(text) <= high)
