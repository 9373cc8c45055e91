from __future__ import annotations

import hashlib

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from sluice.domain.baseline import Baseline, build_baseline
from sluice.domain.counts import Counts
from sluice.domain.quality import Quality, measure_quality
from tests.unit.monitoring.builders import baseline_of, columns_of, labels_of, outputs_of, window_of


def judged(window: Counts, metric: str = "brier", minimum_labels: int = 300) -> Quality:
    return measure_quality(
        baseline_of(), window, metric=metric, minimum_labels=minimum_labels, confidence=0.99
    )


def labelled(rows: int, seed: int, *, flipped: float = 0.0) -> Counts:
    """Labels drawn from the scores, a share of them then turned round."""
    outputs = outputs_of(columns_of(rows, seed))
    labels = labels_of(outputs, seed + 100)
    turn = np.random.default_rng(seed).random(rows) < flipped
    return baseline_of().count_labels(outputs, np.where(turn, 1 - labels, labels))


def test_a_baseline_comes_back_from_its_bytes_and_has_one_digest() -> None:
    content = baseline_of().to_json()
    assert Baseline.from_json(content) == baseline_of()
    assert hashlib.sha256(Baseline.from_json(content).to_json()).digest() == hashlib.sha256(content).digest()


def test_inputs_are_counted_over_all_rows_and_outputs_over_the_test_side() -> None:
    parts = baseline_of().reference.parts
    assert sum(parts["feature/age"]) == 10_000
    assert sum(parts["prediction"]) == parts["labels"][0] == 3334


def test_the_newest_part_of_the_file_is_the_reference() -> None:
    # given a file whose second half is another world, rows taking sides in turn
    rows = 2000
    value = np.where(np.arange(rows) < rows // 2, 0.0, 7.0)
    sides = (np.arange(rows) % 2).astype(np.float64)
    # when the newest half is the reference
    baseline = build_baseline(
        task="regression",
        features=[("value", "number")],
        train={"value": value[sides == 0]},
        test={"value": value[sides == 1]},
        sides=sides,
        outputs=value[sides == 1],
        labels=value[sides == 1] + 1.0,
        reference_fraction=0.5,
    )
    # then nothing of the first half is in it
    assert list(baseline.features["value"].edges) == [7.0]
    assert list(baseline.reference.parts["feature/value"]) == [1000, 0, 0]
    assert baseline.reference.labels == 500


def test_held_back_rows_are_no_reference() -> None:
    sides = np.array([0.0] * 300 + [2.0] * 50 + [1.0] * 300)
    baseline = build_baseline(
        task="regression",
        features=[("value", "number")],
        train={"value": np.zeros(300)},
        test={"value": np.ones(300)},
        sides=sides,
        outputs=np.ones(300),
        labels=np.ones(300),
    )
    assert sum(baseline.reference.parts["feature/value"]) == 600


def test_a_test_side_too_small_in_the_newest_part_is_taken_whole() -> None:
    sides = (np.arange(1000) % 5 == 0).astype(np.float64)
    baseline = build_baseline(
        task="regression",
        features=[("value", "number")],
        train={"value": np.zeros(800)},
        test={"value": np.zeros(200)},
        sides=sides,
        outputs=np.zeros(200),
        labels=np.zeros(200),
        reference_fraction=0.1,
    )
    assert baseline.reference.labels == 200


def test_a_feature_that_did_not_come_counts_as_missing() -> None:
    window = baseline_of().count_rows({"age": np.array([30.0])}, np.array([0.5]))
    assert window.parts["feature/income"][-1] == 1


def test_several_classes_are_counted_by_the_likeliest() -> None:
    draw = np.random.default_rng(0)
    chances = draw.dirichlet([1, 1, 1], 600)
    labels = draw.integers(0, 3, 600).astype(np.float64)
    baseline = build_baseline(
        task="multiclass",
        features=[("x", "number")],
        train={"x": np.zeros(600)},
        test={"x": np.zeros(600)},
        sides=np.array([0.0, 1.0] * 600),
        outputs=chances,
        labels=labels,
        classes=("a", "b", "c"),
    )
    assert baseline.prediction.categories == ("a", "b", "c")
    expected = np.bincount(chances.argmax(axis=1), minlength=3).tolist()
    assert list(baseline.reference.parts["prediction"][:3]) == expected
    total, _ = baseline.reference.parts["loss/accuracy"]
    assert total == (chances.argmax(axis=1) == labels).sum()


def test_quality_is_what_sklearn_measures() -> None:
    # given a labelled window
    outputs = outputs_of(columns_of(3000, seed=21))
    labels = labels_of(outputs, 22)
    found = {entry.name: entry.value for entry in judged(baseline_of().count_labels(outputs, labels)).metrics}
    # then sums per row give the exact means, and fine bins the area to three digits
    assert found["brier"] == pytest.approx(brier_score_loss(labels, outputs))
    assert found["log_loss"] == pytest.approx(log_loss(labels, outputs))
    assert found["accuracy"] == pytest.approx(((outputs >= 0.5) == labels).mean())
    assert found["auc"] == pytest.approx(roc_auc_score(labels, outputs), abs=2e-3)


def test_an_unchanged_window_is_inside_its_interval() -> None:
    # given a hundred windows of an unchanged world
    verdicts = [judged(labelled(1000, seed)).verdict for seed in range(100)]
    # then about one in a hundred lies outside, on either side
    assert verdicts.count("inside") >= 96


@pytest.mark.parametrize("metric", ["brier", "log_loss", "accuracy", "auc"])
def test_a_window_that_went_wrong_is_worse(metric: str) -> None:
    assert judged(labelled(1000, seed=31, flipped=0.25), metric).verdict == "worse"


def test_few_labels_need_a_larger_difference() -> None:
    few, many = (judged(labelled(rows, seed=41, flipped=0.1)) for rows in (300, 10_000))
    width = {
        quality.labels: next(
            high - low for entry in quality.metrics if entry.name == "brier" for low, high in [entry.interval]
        )
        for quality in (few, many)
    }
    assert width[300] > 2 * width[10_000]


def test_too_few_labels_are_an_answer() -> None:
    assert judged(labelled(299, seed=51)).verdict == "too_few_labels"
    assert judged(window_of(columns_of(1000, 1))).labels == 0


def test_a_window_of_one_class_has_no_auc_and_is_judged_by_the_rest() -> None:
    outputs = outputs_of(columns_of(500, seed=61))
    quality = judged(baseline_of().count_labels(outputs, np.zeros(500)))
    assert "auc" not in {entry.name for entry in quality.metrics}
    assert quality.verdict == "worse"


def test_a_regression_is_measured_in_the_targets_unit() -> None:
    draw = np.random.default_rng(3)
    truth = draw.normal(10, 2, 2000)
    outputs = truth + draw.normal(0, 1, 2000)
    baseline = build_baseline(
        task="regression",
        features=[],
        train={},
        test={},
        sides=np.ones(2000),
        outputs=outputs,
        labels=truth,
    )
    window = baseline.count_labels(outputs[:500] + 3.0, truth[:500])
    quality = measure_quality(baseline, window, metric="rmse", minimum_labels=100, confidence=0.99)
    rmse = next(entry for entry in quality.metrics if entry.name == "rmse")
    assert rmse.reference == pytest.approx(1.0, abs=0.05)
    assert rmse.value == pytest.approx(np.sqrt(((outputs[:500] + 3.0 - truth[:500]) ** 2).mean()))
    assert quality.verdict == "worse"


def test_a_corrected_label_leaves_only_its_correction() -> None:
    # given ten labels, all of them wrong at first
    baseline, outputs = baseline_of(), outputs_of(columns_of(10, seed=71))
    wrong, right = np.zeros(10), np.ones(10)
    total = baseline.count_labels(outputs, wrong)
    # when each is corrected by taking the old word back
    total = total + (baseline.count_labels(outputs, right) - baseline.count_labels(outputs, wrong))
    # then the total is that of the right labels
    expected = baseline.count_labels(outputs, right)
    assert {name: pytest.approx(vector) for name, vector in expected.parts.items()} == total.parts
