"""Does a table keep its contract? Text in, a canonical frame and reasons out.

Every problem is found, not only the first; each rule that a column breaks is one reason with a count,
the first rows (counted from 1 below the header) and examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sluice.domain.contract_columns import FeatureRule, read_column
from sluice.domain.errors import Reason
from sluice.domain.frames import Frame

Role = Literal["feature", "target", "id", "time", "protected", "ignored"]
Texts = NDArray[np.str_]

#: A file with more kinds of problems than this has another problem.
MOST_REASONS = 50


class ColumnRule(FeatureRule, Protocol):
    """What the contract says of one column; `sluice.project.contract.Column` is one."""

    @property
    def role(self) -> Role: ...
    @property
    def categories(self) -> tuple[str, ...] | None: ...
    @property
    def unique(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """`frame` holds the columns that are used (roles other than ignored), in the contract's order."""

    frame: Frame
    reasons: tuple[Reason, ...]


def check_header(header: Sequence[str], columns: Sequence[ColumnRule]) -> list[Reason]:
    """Columns that are missing or unexpected; an ignored column may be absent."""
    known = {column.name for column in columns}
    needed = [column for column in columns if column.role != "ignored"]
    shown = _some(header)
    missing = [
        Reason(column.name, "this column is missing", f"columns: {shown}", f"a column named {column.name}")
        for column in needed
        if column.name not in header
    ]
    unexpected = [
        Reason(name, "this column is not in the contract", name, "only columns of the contract")
        for name in header
        if name not in known
    ]
    return missing + unexpected


def check_table(
    texts: Mapping[str, Texts | NDArray[np.bytes_]],
    columns: Sequence[ColumnRule],
    *,
    minimum_rows: int,
    missing_values: Sequence[str] = (),
) -> Checked:
    """Read and check every column of a table whose header has been checked."""
    rows = next((len(column) for column in texts.values()), 0)
    reasons: list[Reason] = []
    if rows < minimum_rows:
        message = "there are too few rows" if rows else "the file has a header and no rows"
        reasons.append(Reason("rows", message, str(rows), f"at least {minimum_rows}"))
    frame: Frame = {}
    for column in columns:
        if column.role == "ignored" or column.name not in texts:
            continue
        values, problems = read_column(texts[column.name], column, missing_values)
        frame[column.name] = values
        reasons += problems
    return Checked(frame, bounded(reasons))


def check_classes(target: str, labels: Texts, *, task: str, positive: str | None) -> list[Reason]:
    """Classification needs at least two classes, a binary task exactly two with the positive among them."""
    classes = [str(name) for name in np.unique(labels)]
    if task == "binary" and len(classes) != 2:  # noqa: PLR2004 - binary
        return [Reason(target, "a binary target has two classes", _some(classes), "exactly two classes")]
    if task == "binary" and positive not in classes:
        return [Reason(target, "the positive class does not occur", _some(classes), f"{positive} among them")]
    if len(classes) < 2:  # noqa: PLR2004 - nothing to tell apart
        return [Reason(target, "there is one class only", _some(classes), "at least two classes")]
    return []


def class_labels(column: NDArray[np.float64] | Texts) -> Texts:
    """Classes as text: whole numbers without a decimal point, booleans as "0" and "1"."""
    if column.dtype.kind == "f":
        return np.asarray([f"{value:.0f}" for value in column], dtype=np.str_)
    return np.asarray(column, dtype=np.str_)


def bounded(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """At most `MOST_REASONS`, the last of which says how many more there were."""
    if len(reasons) <= MOST_REASONS:
        return tuple(reasons)
    more = len(reasons) - MOST_REASONS + 1
    return (*reasons[: MOST_REASONS - 1], Reason("file", f"and {more} more problems"))


def _some(values: Sequence[str], limit: int = 12) -> str:
    shown = ", ".join(values[:limit])
    return f"{shown}, … ({len(values)})" if len(values) > limit else shown
