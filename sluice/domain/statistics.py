"""Estimates with their uncertainty. All intervals are 95 % and two-sided; all randomness is seeded.

Sources: DeLong, DeLong & Clarke-Pearson 1988 in the rank form of Sun & Xu 2014; Wilson 1927;
exact McNemar as a binomial test; the Poisson bootstrap of Chamandy et al. 2012.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Labels = NDArray[np.bool_]

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
#: How many standard errors a true difference must have to be found in four of five cases.
Z_POWER = Z + NormalDist().inv_cdf(0.8)

_DRAWS = 2_000
_BUDGET = 20_000_000
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value from n rows; `error` is its standard error (None where the interval comes otherwise)."""

    value: float
    interval: tuple[float, float] | None
    n: int
    method: str
    error: float | None = None


def auc(labels: Labels, scores: Vector) -> Estimate:
    """Area under the ROC curve; ties count one half."""
    area, covariance = _delong(labels, scores[None, :])
    error = math.sqrt(max(covariance[0, 0], 0.0))
    if error == 0.0:
        return Estimate(float(area[0]), _degenerate(float(area[0]), labels), len(labels), "exact", None)
    low, high = _around(float(area[0]), error)
    return Estimate(float(area[0]), (max(0.0, low), min(1.0, high)), len(labels), "DeLong", error)


def auc_difference(labels: Labels, candidate: Vector, champion: Vector) -> Estimate:
    """AUC of the candidate minus AUC of the champion on the same rows."""
    area, covariance = _delong(labels, np.stack([candidate, champion]))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    error = math.sqrt(max(float(variance), 0.0))
    difference = float(area[0] - area[1])
    return Estimate(difference, _around(difference, error), len(labels), "paired DeLong", error)


def mean(values: Vector, method: str = "normal") -> Estimate:
    """Mean of independent values, with the normal interval."""
    n = len(values)
    error = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf
    centre = float(values.mean())
    return Estimate(centre, _around(centre, error), n, method, error)


def proportion(successes: int, n: int) -> Estimate:
    """Share of successes, with Wilson's interval."""
    if n == 0:
        return Estimate(math.nan, None, 0, "Wilson")
    share = successes / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    error = math.sqrt(share * (1 - share) / n)
    return Estimate(share, (max(0.0, centre - half), min(1.0, centre + half)), n, "Wilson", error)


def bootstrap(statistic: Callable[[Matrix], Vector], n: int, seed: int = 0) -> Estimate:
    """Percentile interval of a statistic of row weights [draws, n] -> [draws]."""
    value = float(statistic(np.ones((1, n)))[0])
    draws = np.concatenate([statistic(weights) for weights in _poisson_weights(n, seed)])
    draws = draws[np.isfinite(draws)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(value, (float(low), float(high)), n, "paired bootstrap", float(draws.std(ddof=1)))


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p that two classifiers with these discordant counts err equally often."""
    n, few = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(few + 1)]
    tail = math.fsum(math.exp(log - n * math.log(2)) for log in logs)
    return min(1.0, 2 * tail)


def calibration_slope(labels: Labels, log_odds: Vector) -> Estimate:
    """Slope of the logistic regression of labels on log-odds: 1 is calibrated, below 1 overconfident."""
    design = np.stack([np.ones_like(log_odds), log_odds], axis=1)
    coefficients = np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ coefficients, -30, 30)))
        information = (design * (chance * (1 - chance))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:  # noqa: PLR2004 - the labels are separated
            return Estimate(float(coefficients[1]), None, len(labels), "separated")
        step = np.linalg.solve(information, design.T @ (labels - chance))
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004 - converged
            break
    error = math.sqrt(float(np.linalg.inv(information)[1, 1]))
    slope = float(coefficients[1])
    return Estimate(slope, _around(slope, error), len(labels), "logistic regression", error)


def _around(centre: float, error: float) -> tuple[float, float]:
    return centre - Z * error, centre + Z * error


def _degenerate(area: float, labels: Labels) -> tuple[float, float]:
    """All pairs (or none) in order: the interval that as many independent pairs would allow."""
    pairs = int(min(labels.sum(), (~labels).sum()))
    bound = ((1 - CONFIDENCE) / 2) ** (1 / pairs)
    if area == 1.0:
        return bound, 1.0
    return (0.0, 1 - bound) if area == 0.0 else (area, area)


def _delong(labels: Labels, scores: Matrix) -> tuple[Vector, Matrix]:
    """Areas [k] and their covariance [k, k] of k scores of the same rows."""
    positive, negative = scores[:, labels], scores[:, ~labels]
    m, n = positive.shape[1], negative.shape[1]
    if m == 0 or n == 0:
        raise ValueError("an AUC needs rows of both classes")
    ranks = np.stack([_midranks(row) for row in np.concatenate([positive, negative], axis=1)])
    own_positive = np.stack([_midranks(row) for row in positive])
    own_negative = np.stack([_midranks(row) for row in negative])
    above = (ranks[:, :m] - own_positive) / n
    below = 1 - (ranks[:, m:] - own_negative) / m
    covariance = _covariance(above) / m + _covariance(below) / n
    return above.mean(axis=1), covariance


def _covariance(values: Matrix) -> Matrix:
    if values.shape[1] < 2:  # noqa: PLR2004 - a variance needs two
        return np.zeros((len(values), len(values)))
    return np.atleast_2d(np.cov(values))


def _midranks(values: Vector) -> Vector:
    """Ranks from 1, equal values sharing their mean rank."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Vector = (last - (counts - 1) / 2)[codes]
    return ranks


def _poisson_weights(n: int, seed: int) -> Iterator[Matrix]:
    """Weights of bootstrap draws in chunks of bounded memory; fewer draws for very many rows."""
    generator = np.random.default_rng(seed)
    draws = int(np.clip(_BUDGET // max(n, 1), 200, _DRAWS))
    at_once = max(1, min(draws, _CHUNK // max(n, 1)))
    for start in range(0, draws, at_once):
        yield generator.poisson(1.0, (min(at_once, draws - start), n)).astype(np.float64)
