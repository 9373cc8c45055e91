"""What a dataset version looks like, column by column: counts only, no row of anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sluice.domain.contract import ColumnRule
from sluice.domain.frames import Column, row_count
from sluice.domain.split import Sides

#: Roles whose values say something of one row, not of the dataset.
_PRIVATE = ("id", "time")
_TOP = 20
_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def profile_of(frame: Mapping[str, Column], columns: Sequence[ColumnRule], sides: Sides) -> dict[str, Any]:
    """Rows per side and, for every column, missing and distinct values and their distribution."""
    described = [_describe(frame[column.name], column) for column in columns if column.name in frame]
    return {
        "v": 1,
        "rows": row_count(frame),
        "sides": {"train": int(sides.train.sum()), "test": int(sides.test.sum())},
        "columns": described,
    }


def _describe(column: Column, rule: ColumnRule) -> dict[str, Any]:
    present = column[~np.isnan(column)] if column.dtype.kind == "f" else column[column != ""]
    values, counts = np.unique(present, return_counts=True)
    common = {
        "name": rule.name,
        "role": rule.role,
        "dtype": rule.dtype,
        "missing": len(column) - len(present),
        "distinct": len(values),
    }
    if rule.role in _PRIVATE or not len(present):
        return common
    if column.dtype.kind == "f":
        return common | _numbers(present.astype(np.float64))
    order = np.argsort(-counts, kind="stable")[:_TOP]
    return common | {"top": [[str(values[place]), int(counts[place])] for place in order]}


def _numbers(present: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "mean": float(present.mean()),
        "deviation": float(present.std()),
        "quantiles": [float(value) for value in np.quantile(present, _QUANTILES)],
    }
