"""How well a window's predictions turned out, against how well they did when the model was judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain.baseline import Baseline
from sluice.domain.counts import QUALITY_METRICS, Counts, Vector
from sluice.domain.evaluation_measures import MEASURES

Verdict = Literal["inside", "worse", "better", "too_few_labels"]

_Hits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MetricQuality:
    """`interval`: where the window's value would lie if nothing had changed, given both sample sizes."""

    name: str
    value: float
    reference: float
    interval: tuple[float, float]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Quality:
    """Labelled rows of a window, judged by `metric`; `metrics` is empty where there are too few of them."""

    verdict: Verdict
    metric: str
    labels: int
    metrics: tuple[MetricQuality, ...]


def measure_quality(
    baseline: Baseline, window: Counts, *, metric: str, minimum_labels: int, confidence: float
) -> Quality:
    """Judge every metric of the task that both sides allow; `metric` decides."""
    if window.labels < minimum_labels:
        return Quality("too_few_labels", metric, window.labels, ())
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    found = [_compared(name, baseline.reference, window, z) for name in QUALITY_METRICS[baseline.task]]
    metrics = tuple(entry for entry in found if entry is not None)
    deciding = [entry.verdict for entry in metrics if entry.name == metric]
    return Quality(deciding[0] if deciding else "too_few_labels", metric, window.labels, metrics)


def _compared(name: str, reference: Counts, window: Counts, z: float) -> MetricQuality | None:
    """None where a side cannot give the metric: an AUC needs both classes."""
    before, after = _estimate(name, reference), _estimate(name, window)
    if before is None or after is None:
        return None
    half = z * math.hypot(before[1], after[1])
    low, high = before[0] - half, before[0] + half
    verdict: Verdict = "inside"
    if not low <= after[0] <= high:
        verdict = "better" if (after[0] > high) == MEASURES[name].higher_is_better else "worse"
    return MetricQuality(name, after[0], before[0], (low, high), verdict)


def _estimate(name: str, counts: Counts) -> tuple[float, float] | None:
    """The metric of labelled rows and its standard error."""
    if name == "auc":
        return _auc(counts.parts.get("scores/positive", ()), counts.parts.get("scores/negative", ()))
    total, squares = counts.parts.get(f"loss/{name}", (0.0, 0.0))
    n = counts.labels
    if not n:
        return None
    mean = total / n
    error = math.sqrt(max(0.0, squares / n - mean * mean) / n)
    if MEASURES[name].kind != "root":
        return mean, error
    root = math.sqrt(max(0.0, mean))
    return root, error / (2 * root) if root else 0.0


def _auc(positive: Vector, negative: Vector) -> tuple[float, float] | None:
    """Area under the ROC curve of binned scores, ties one half, with DeLong's error."""
    up, down = np.array(positive, dtype=np.float64), np.array(negative, dtype=np.float64)
    if not up.sum() or not down.sum():
        return None
    above = 1 - _below(up)
    below = _below(down)
    area = float((up * below).sum() / up.sum())
    variance = _variance(up, below) / up.sum() + _variance(down, above) / down.sum()
    return area, math.sqrt(variance)


def _below(hits: _Hits) -> _Hits:
    """For each bin the share of hits in lower bins, plus half of its own."""
    share: _Hits = (np.cumsum(hits) - hits / 2) / hits.sum()
    return share


def _variance(weights: _Hits, values: _Hits) -> float:
    mean = (weights * values).sum() / weights.sum()
    return float((weights * (values - mean) ** 2).sum() / weights.sum())
