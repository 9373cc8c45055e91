"""Differences between groups of a protected attribute, with intervals, or "too few rows".

Measured on the test side at the model's threshold (binary tasks). Nothing is judged here: the gate of
the promotion compares a finding with the project's limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain.frames import Column
from sluice.domain.statistics import CONFIDENCE

Finding = Literal["within", "exceeds", "undecided", "too_few_rows", "reported"]
Flags = NDArray[np.bool_]

#: Fewer distinct numbers than this are groups of their own; more are cut at the median.
_MOST_VALUES = 8
_LEAST_OF_CLASS = 10
_DRAWS = 4_000


@dataclass(frozen=True, slots=True)
class Group:
    """Rates are None where a group has no row to take them from. `enough` rows to compare it."""

    group: str
    n: int
    positives: int
    selection_rate: float
    true_positive_rate: float | None
    false_positive_rate: float | None
    accuracy: float
    enough: bool


@dataclass(frozen=True, slots=True)
class BiasMeasure:
    """`n`: rows of the groups compared. Value and interval are None where there were too few rows."""

    name: str
    value: float | None
    interval: tuple[float, float] | None
    n: int
    limit: float | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class BiasReport:
    attribute: str
    groups: tuple[Group, ...]
    measures: tuple[BiasMeasure, ...]


def measure_bias(
    attribute: str,
    groups: NDArray[np.str_],
    *,
    positive: Flags,
    selected: Flags,
    limits: dict[str, float | None],
    minimum_rows: int,
) -> BiasReport:
    """Rates per group, then the largest difference between groups that have enough rows."""
    found = tuple(
        _group(name, groups == name, positive, selected, minimum_rows) for name in np.unique(groups)
    )
    compared = [group for group in found if group.enough]
    measures = (
        _measure("demographic_parity_difference", compared, limits, [("selection_rate", "n")]),
        _measure("equalised_odds_difference", compared, limits, _ODDS),
    )
    return BiasReport(attribute, found, measures)


def group_names(column: Column, training: Column) -> NDArray[np.str_]:
    """Groups by value; a number of many values is cut at the training side's median."""
    if column.dtype.kind != "f":
        return np.where(column == "", "(missing)", column).astype(np.str_)
    numbers, known = column.astype(np.float64), training.astype(np.float64)
    missing = np.isnan(numbers)
    distinct = np.unique(known[~np.isnan(known)])
    if len(distinct) <= _MOST_VALUES:
        names = np.asarray([f"{value:g}" for value in numbers], dtype=np.str_)
    else:
        median = float(np.median(known[~np.isnan(known)]))
        names = np.where(numbers < median, f"below {median:g}", f"{median:g} and above")
    return np.where(missing, "(missing)", names).astype(np.str_)


_ODDS = [("true_positive_rate", "positives"), ("false_positive_rate", "negatives")]


def _group(name: str, rows: Flags, positive: Flags, selected: Flags, minimum: int) -> Group:
    n, truth, chosen = int(rows.sum()), positive[rows], selected[rows]
    return Group(
        group=str(name),
        n=n,
        positives=int(truth.sum()),
        selection_rate=float(chosen.mean()),
        true_positive_rate=float(chosen[truth].mean()) if truth.any() else None,
        false_positive_rate=float(chosen[~truth].mean()) if not truth.all() else None,
        accuracy=float((truth == chosen).mean()),
        enough=n >= minimum,
    )


def _measure(
    name: str, groups: Sequence[Group], limits: dict[str, float | None], rates: list[tuple[str, str]]
) -> BiasMeasure:
    limit = limits.get(name)
    n = sum(group.n for group in groups)
    if len(groups) < 2 or any(_size(group, size) < _LEAST_OF_CLASS for group in groups for _, size in rates):  # noqa: PLR2004
        return BiasMeasure(name, None, None, n, limit, "too_few_rows")
    value = max(max(column) - min(column) for column in _columns(groups, rates))
    interval = _interval(groups, rates)
    return BiasMeasure(name, float(value), interval, n, limit, _finding(interval, limit))


def _columns(groups: Sequence[Group], rates: list[tuple[str, str]]) -> Iterator[list[float]]:
    for rate, _ in rates:
        yield [float(getattr(group, rate)) for group in groups]


def _interval(groups: Sequence[Group], rates: list[tuple[str, str]]) -> tuple[float, float]:
    """Parametric bootstrap: each group's count is redrawn from its smoothed rate."""
    generator = np.random.default_rng(0)
    spreads = []
    for rate, size in rates:
        sizes = [_size(group, size) for group in groups]
        shares = [(getattr(g, rate) * n + 0.5) / (n + 1) for g, n in zip(groups, sizes, strict=True)]
        drawn = np.stack([generator.binomial(n, p, _DRAWS) / n for n, p in zip(sizes, shares, strict=True)])
        spreads.append(drawn.max(axis=0) - drawn.min(axis=0))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.max(spreads, axis=0), [tail, 1 - tail])
    return float(low), float(high)


def _size(group: Group, size: str) -> int:
    return group.n - group.positives if size == "negatives" else int(getattr(group, size))


def _finding(interval: tuple[float, float], limit: float | None) -> Finding:
    if limit is None:
        return "reported"
    if interval[1] <= limit:
        return "within"
    return "exceeds" if interval[0] > limit else "undecided"
