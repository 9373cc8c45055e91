"""Differences between groups, and the cases in which there is nothing to say."""

from __future__ import annotations

import numpy as np
import pytest

from sluice.domain.bias import BiasMeasure, group_names, measure_bias


def groups_of(**sizes: int) -> np.ndarray:
    return np.repeat(list(sizes), list(sizes.values())).astype(np.str_)


def flags(rate: float, groups: np.ndarray, seed: int = 0, **rates: float) -> np.ndarray:
    chance = np.full(len(groups), rate)
    for name, value in rates.items():
        chance[groups == name] = value
    return np.random.default_rng(seed).random(len(groups)) < chance


def measured(groups: np.ndarray, selected: np.ndarray, limit: float | None = None) -> dict[str, BiasMeasure]:
    positive = flags(0.4, groups, seed=1)
    report = measure_bias(
        "sex",
        groups,
        positive=positive,
        selected=selected,
        limits={"demographic_parity_difference": limit},
        minimum_rows=100,
    )
    return {measure.name: measure for measure in report.measures}


def test_a_group_of_few_rows_is_not_compared() -> None:
    groups = groups_of(a=500, b=99)

    found = measured(groups, flags(0.5, groups))["demographic_parity_difference"]

    assert (found.finding, found.value, found.interval) == ("too_few_rows", None, None)


def test_three_groups_are_compared_where_two_have_enough() -> None:
    groups = groups_of(a=500, b=500, c=20)

    found = measured(groups, flags(0.5, groups))["demographic_parity_difference"]

    assert found.finding == "reported"
    assert found.n == 1_000


@pytest.mark.parametrize(
    ("difference", "limit", "finding"),
    [(0.5, 0.1, "exceeds"), (0.0, 0.3, "within"), (0.1, 0.1, "undecided"), (0.5, None, "reported")],
)
def test_the_interval_is_held_against_the_limit(difference: float, limit: float | None, finding: str) -> None:
    groups = groups_of(a=400, b=400)
    selected = flags(0.3, groups, b=0.3 + difference)

    found = measured(groups, selected, limit)["demographic_parity_difference"]

    assert found.finding == finding
    assert found.interval is not None
    assert found.value is not None
    assert found.interval[0] <= found.value <= found.interval[1]


def test_the_interval_covers_the_true_difference() -> None:
    covered = 0
    groups = groups_of(a=300, b=300)
    for seed in range(100):
        found = measured(groups, flags(0.3, groups, seed=seed, b=0.5))["demographic_parity_difference"]
        low, high = found.interval or (1.0, 0.0)
        covered += low <= 0.2 <= high

    assert covered >= 88


def test_equal_odds_look_at_both_kinds_of_mistake() -> None:
    groups = groups_of(a=500, b=500)
    positive = flags(0.5, groups, seed=3)
    selected = positive.copy()
    wrong = (groups == "b") & ~positive & flags(0.4, groups, seed=4)
    report = measure_bias(
        "sex", groups, positive=positive, selected=selected | wrong, limits={}, minimum_rows=100
    )

    odds = report.measures[1]

    assert odds.name == "equalised_odds_difference"
    assert odds.value == pytest.approx(0.4, abs=0.08)


def test_numbers_are_grouped_at_the_training_sides_median() -> None:
    training = np.arange(20.0, 60.0)

    names = group_names(np.array([25.0, 39.5, 50.0, np.nan]), training)

    assert names.tolist() == ["below 39.5", "39.5 and above", "39.5 and above", "(missing)"]
    assert group_names(np.array(["f", ""]), np.array(["f"])).tolist() == ["f", "(missing)"]
