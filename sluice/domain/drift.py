"""Whether a window's values come from where the reference came from, and by how much they do not.

The population stability index (PSI) of two samples of the same population is not zero: with B bins it is
(B-1)(1/n + 1/m) on average. That noise is taken off, so that a size means the same at every n; the
chi-squared test says whether it can be chance, and Benjamini-Hochberg what many such tests prove together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain.baseline import Baseline
from sluice.domain.counts import Counts, Vector
from sluice.domain.histograms import Bins

Level = Literal["ok", "warn", "alarm", "too_few_rows"]
PREDICTION = "prediction"

_RARE = 0.01
_HALF = 0.5
_Counted = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`minimum_rows`: fewer prove nothing. An alarm is psi >= alarm_psi and adjusted p < alarm_p."""

    minimum_rows: int = 1000
    warn_psi: float = 0.1
    alarm_psi: float = 0.25
    alarm_p: float = 0.01


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column of a window against its reference.

    `psi` has its `noise` taken off (never below 0). `js`: Jensen-Shannon distance, 0 to 1. `p` of the
    chi-squared test, `p_adjusted` for all features of the window. `missing`, `new`: shares of missing
    values and of values outside the reference's categories or range, as (reference, window).
    `bins`: (name, reference rows, window rows) as stored.
    """

    name: str
    level: Level
    psi: float
    noise: float
    js: float
    p: float
    p_adjusted: float
    missing: tuple[float, float]
    new: tuple[float, float]
    bins: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class WindowDrift:
    """`inputs`: the worst level of a feature."""

    rows: int
    inputs: Level
    features: tuple[ColumnDrift, ...]
    prediction: ColumnDrift

    @property
    def alarms(self) -> tuple[str, ...]:
        """Features that alarm, the furthest first."""
        return _named(self.features, "alarm")

    @property
    def warnings(self) -> tuple[str, ...]:
        return _named(self.features, "warn")


def measure_drift(baseline: Baseline, window: Counts, thresholds: Thresholds) -> WindowDrift:
    """Every feature and the prediction of a window against the model's baseline."""
    measured = [
        _measured(name, bins, _reference(baseline, f"feature/{name}"), window.parts.get(f"feature/{name}"))
        for name, bins in baseline.features.items()
    ]
    adjusted = benjamini_hochberg([column.p for column in measured])
    features = tuple(
        _judged(replace(column, p_adjusted=p), window.rows, thresholds)
        for column, p in zip(measured, adjusted, strict=True)
    )
    found = _measured(
        PREDICTION, baseline.prediction, _reference(baseline, PREDICTION), window.parts.get(PREDICTION)
    )
    prediction = _judged(found, window.rows, thresholds)
    return WindowDrift(window.rows, worst([column.level for column in features]), features, prediction)


def worst(levels: Sequence[Level]) -> Level:
    order: Mapping[Level, int] = {"ok": 0, "warn": 1, "alarm": 2, "too_few_rows": 3}
    return max(levels, key=order.__getitem__, default="ok")


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values in the same order: rejecting those below q keeps the false discovery rate under q."""
    adjusted = [1.0] * len(p_values)
    smallest = 1.0
    ranked = sorted(enumerate(p_values), key=lambda entry: entry[1])
    for rank, (place, p) in reversed(list(enumerate(ranked, start=1))):
        smallest = min(smallest, p * len(p_values) / rank)
        adjusted[place] = smallest
    return adjusted


def chi_squared_tail(value: float, degrees: int) -> float:
    """P(X >= value) for a chi-squared X with a whole number of degrees of freedom: its finite series."""
    if degrees < 1 or value <= 0:
        return 1.0
    half = value / 2
    start = 0.0 if degrees % 2 == 0 else _HALF
    total = 0.0 if degrees % 2 == 0 else math.erfc(math.sqrt(half))
    for step in range(degrees // 2):
        power = start + step
        total += math.exp(power * math.log(half) - math.lgamma(power + 1) - half)
    return min(1.0, total)


def _measured(name: str, bins: Bins, reference: Vector, window: Vector | None) -> ColumnDrift:
    one = np.array(reference, dtype=np.float64)
    two = np.array(window or [0] * len(one), dtype=np.float64)
    before, after = _pooled(one, two)
    raw, noise = _psi(before, after)
    p = _homogeneity(before, after)
    counted = zip(bins.labels, reference, two, strict=True)
    return ColumnDrift(
        name=name,
        level="ok",
        psi=max(0.0, raw - noise),
        noise=noise,
        js=_jensen_shannon(before, after),
        p=p,
        p_adjusted=p,
        missing=(_share(one, one[-1]), _share(two, two[-1])),
        new=(_share(one, one[-2]), _share(two, two[-2])),
        bins=tuple((label, int(rows), int(seen)) for label, rows, seen in counted),
    )


def _judged(column: ColumnDrift, rows: int, thresholds: Thresholds) -> ColumnDrift:
    level: Level = "ok"
    if rows < thresholds.minimum_rows:
        level = "too_few_rows"
    elif column.psi >= thresholds.alarm_psi and column.p_adjusted < thresholds.alarm_p:
        level = "alarm"
    elif column.psi >= thresholds.warn_psi:
        level = "warn"
    return replace(column, level=level)


def _pooled(one: _Counted, two: _Counted) -> tuple[_Counted, _Counted]:
    """Bins under 1 % on both sides become one; those empty on both sides go."""
    rare = (one < _RARE * one.sum()) & (two < _RARE * two.sum())
    one = np.append(one[~rare], one[rare].sum())
    two = np.append(two[~rare], two[rare].sum())
    seen = one + two > 0
    return one[seen], two[seen]


def _psi(one: _Counted, two: _Counted) -> tuple[float, float]:
    """PSI with half a row added to each bin, and what chance alone would give."""
    m, n, size = one.sum(), two.sum(), len(one)
    if not m or not n:
        return 0.0, 0.0
    expected = (one + _HALF) / (m + _HALF * size)
    actual = (two + _HALF) / (n + _HALF * size)
    index = float(((actual - expected) * np.log(actual / expected)).sum())
    return index, float((size - 1) * (1 / n + 1 / m))


def _jensen_shannon(one: _Counted, two: _Counted) -> float:
    if not one.sum() or not two.sum():
        return 0.0
    p, q = one / one.sum(), two / two.sum()
    middle = (p + q) / 2
    divergence = (_kullback_leibler(p, middle) + _kullback_leibler(q, middle)) / 2
    return math.sqrt(max(0.0, divergence))


def _kullback_leibler(p: _Counted, q: _Counted) -> float:
    """In bits; where p is 0 it adds nothing."""
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def _homogeneity(one: _Counted, two: _Counted) -> float:
    """The p value of: both samples come from one population."""
    m, n = one.sum(), two.sum()
    if not m or not n:
        return 1.0
    both = one + two
    expected_one, expected_two = both * (m / (m + n)), both * (n / (m + n))
    first, second = (one - expected_one) ** 2 / expected_one, (two - expected_two) ** 2 / expected_two
    return chi_squared_tail(float(first.sum() + second.sum()), len(both) - 1)


def _share(counted: _Counted, rows: float) -> float:
    total = counted.sum()
    return float(rows / total) if total else 0.0


def _reference(baseline: Baseline, name: str) -> Vector:
    return baseline.reference.parts[name]


def _named(features: Sequence[ColumnDrift], level: Level) -> tuple[str, ...]:
    chosen = [column for column in features if column.level == level]
    return tuple(column.name for column in sorted(chosen, key=lambda column: -column.psi))
