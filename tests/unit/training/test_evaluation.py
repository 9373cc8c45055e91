"""The rules of docs/evaluation.md, one case a rule."""

from __future__ import annotations

import numpy as np
import pytest

from sluice.domain import evaluation, evaluation_measures
from sluice.domain.evaluation import Comparison
from sluice.domain.evaluation_measures import Answers
from sluice.domain.parity import Parity
from sluice.domain.statistics import Estimate

GOOD_PARITY = Parity(1_000, 1e-7, 0)


def against(low: float, high: float) -> Comparison:
    return Comparison(1, "digest", difference=Estimate((low + high) / 2, (low, high), 300, "paired DeLong"))


@pytest.mark.parametrize(
    ("comparison", "outcome"),
    [
        (None, "first"),
        (against(0.001, 0.02), "better"),
        (against(-0.004, 0.02), "non_inferior"),
        (against(-0.004, -0.001), "non_inferior"),
        (against(-0.02, 0.02), "inconclusive"),
        (against(-0.02, -0.001), "worse"),
        (Comparison(1, "digest", why="the task has changed"), "inconclusive"),
    ],
)
def test_the_interval_decides(comparison: Comparison | None, outcome: str) -> None:
    assert evaluation.decide(refused=False, comparison=comparison, margin=0.005) == outcome
    assert evaluation.decide(refused=True, comparison=comparison, margin=0.005) == "rejected"


def binary(signal: float, n: int = 400, seed: int = 0) -> Answers:
    generator = np.random.default_rng(seed)
    truth = (generator.random(n) < 0.3).astype(np.float64)
    log_odds = -0.85 + signal * (truth - 0.3) + generator.normal(scale=0.3, size=n)
    chance = 1 / (1 + np.exp(-log_odds))
    labels = (chance >= 0.5).astype(np.intp)
    return Answers("binary", truth, probabilities=np.stack([1 - chance, chance], axis=1), labels=labels)


@pytest.mark.parametrize("metric", ["auc", "brier", "log_loss", "accuracy"])
def test_a_model_that_knows_something_beats_the_constant_answer(metric: str) -> None:
    training = binary(0).truth

    assert evaluation.against_constant(binary(2.5), training, metric).beaten
    assert not evaluation.against_constant(binary(0.0), training, metric).beaten


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_a_regression_beats_the_training_sides_centre(metric: str) -> None:
    generator = np.random.default_rng(1)
    truth = generator.gamma(2, 10, 300)
    knows = Answers("regression", truth, values=truth + generator.normal(scale=3, size=300))
    guesses = Answers("regression", truth, values=generator.gamma(2, 10, 300))

    assert evaluation.against_constant(knows, truth, metric).beaten
    assert not evaluation.against_constant(guesses, truth, metric).beaten


def test_several_classes_are_compared_with_their_shares() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 3, 300).astype(np.float64)
    chances = np.full((300, 3), 0.2)
    chances[np.arange(300), truth.astype(int)] = 0.6
    answers = Answers("multiclass", truth, probabilities=chances, labels=chances.argmax(axis=1))

    constant = evaluation.against_constant(answers, truth, "log_loss")

    assert constant.beaten
    assert constant.value == pytest.approx(np.log(3), abs=0.01)


def test_floors_are_reached_from_the_right_side() -> None:
    metrics = {"auc": Estimate(0.7, None, 1, ""), "brier": Estimate(0.2, None, 1, "")}

    floors = evaluation.check_floors({"auc": 0.7, "brier": 0.1}, metrics)

    assert [floor.passed for floor in floors] == [True, False]


def test_everything_that_speaks_against_it_is_a_reason() -> None:
    answers = binary(0.0)
    constant = evaluation.against_constant(answers, answers.truth, "auc")
    floors = evaluation.check_floors({"auc": 0.9}, {"auc": evaluation_measures.estimate("auc", answers)})

    reasons = evaluation.refusals(Parity(1_000, 0.5, 12), constant, floors)

    assert [reason.path for reason in reasons] == ["model.onnx", "evaluation.auc", "evaluation.floors.auc"]
    assert all(reason.expected for reason in reasons)
    assert (
        evaluation.refusals(GOOD_PARITY, evaluation.against_constant(binary(2.5), answers.truth, "auc"), [])
        == []
    )


def test_losses_are_turned_so_that_positive_is_better() -> None:
    strong, weak = binary(3.0), binary(0.5)

    for metric in ("auc", "brier", "log_loss", "accuracy"):
        assert evaluation_measures.improvement(metric, strong, weak).value > 0


def test_costs_weigh_the_two_mistakes() -> None:
    truth = np.array([1.0, 1.0, 0.0, 0.0])
    chances = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]])
    answers = Answers("binary", truth, probabilities=chances, labels=np.array([0, 1, 0, 1]), costs=(1.0, 5.0))

    assert evaluation_measures.estimate("mean_cost", answers).value == pytest.approx((5 + 1) / 4)


def test_discordant_rows_are_counted_for_each_side() -> None:
    truth = np.array([0.0, 0.0, 1.0, 1.0])
    mine = Answers("binary", truth, labels=np.array([0, 0, 1, 0]))
    theirs = Answers("binary", truth, labels=np.array([0, 1, 0, 0]))

    assert evaluation.discordant(mine, theirs) == (2, 0, 0.5)
