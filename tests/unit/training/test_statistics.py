"""Intervals and tests against independent computations: scipy, scikit-learn, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from sluice.domain import statistics


def scored(n: int, seed: int, signal: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.random(n) < 0.4
    return labels, generator.normal(size=n) + signal * labels


def test_auc_is_the_one_everybody_computes_ties_included() -> None:
    labels, scores = scored(400, 1)
    rounded = np.round(scores, 1)

    found = statistics.auc(labels, rounded)

    assert found.value == pytest.approx(roc_auc_score(labels, rounded))
    assert found.n == 400


def area(labels: np.ndarray, scores: np.ndarray) -> float:
    """Under the curve by Mann and Whitney's count: scikit-learn's takes many times as long."""
    bad, good = scores[labels], scores[~labels]
    counted = stats.mannwhitneyu(bad, good, method="asymptotic").statistic
    return float(counted / (len(bad) * len(good)))


def test_delongs_interval_agrees_with_resampling() -> None:
    labels, scores = scored(600, 2)
    generator = np.random.default_rng(0)
    draws = []
    for _ in range(800):
        rows = generator.integers(0, 600, 600)
        draws.append(area(labels[rows], scores[rows]))

    low, high = statistics.auc(labels, scores).interval or (0, 0)

    assert (low, high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.01)


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    labels, scores = scored(500, 3)
    noisy = scores + np.random.default_rng(4).normal(scale=0.1, size=500)

    difference = statistics.auc_difference(labels, scores, noisy)

    single = statistics.auc(labels, scores)
    assert difference.error is not None
    assert single.error is not None
    assert difference.error < single.error / 3


def test_without_a_difference_delong_errs_as_rarely_as_it_says() -> None:
    wrong = 0
    for seed in range(300):
        generator = np.random.default_rng(seed)
        labels = generator.random(300) < 0.3
        shared = generator.normal(size=300) + labels
        one, two = shared + generator.normal(size=300), shared + generator.normal(size=300)
        low, high = statistics.auc_difference(labels, one, two).interval or (0, 0)
        wrong += not low <= 0 <= high

    assert wrong / 300 < 0.1


def test_a_perfect_order_of_few_rows_proves_little() -> None:
    labels = np.array([False, False, True, True])

    found = statistics.auc(labels, np.array([0.1, 0.2, 0.8, 0.9]))

    assert found.value == 1.0
    assert found.interval is not None
    assert found.interval[0] < 0.5


def test_wilsons_interval_is_scipys() -> None:
    expected = stats.binomtest(37, 120).proportion_ci(method="wilson")

    found = statistics.proportion(37, 120)

    assert found.interval == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 9), (20, 21), (0, 12), (400, 460)])
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0

    assert statistics.mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


def test_the_calibration_slope_finds_overconfidence() -> None:
    generator = np.random.default_rng(5)
    log_odds = generator.normal(scale=1.5, size=4_000)
    labels = generator.random(4_000) < 1 / (1 + np.exp(-log_odds))
    reference = LogisticRegression(C=1e9).fit((2 * log_odds)[:, None], labels)

    calibrated = statistics.calibration_slope(labels, log_odds)
    overconfident = statistics.calibration_slope(labels, 2 * log_odds)

    assert calibrated.interval is not None
    assert calibrated.interval[0] < 1 < calibrated.interval[1]
    assert overconfident.value == pytest.approx(reference.coef_[0, 0], rel=1e-3)


def test_the_bootstrap_agrees_with_theory_and_repeats_itself() -> None:
    values = np.random.default_rng(6).exponential(size=1_000)

    def weighted_mean(weights: np.ndarray) -> np.ndarray:
        return np.asarray(weights @ values / weights.sum(axis=1))

    drawn = statistics.bootstrap(weighted_mean, 1_000)
    normal = statistics.mean(values)

    assert drawn.interval == pytest.approx(normal.interval, abs=0.02)
    assert drawn == statistics.bootstrap(weighted_mean, 1_000)
