"""What would have changed the decision: few and small changes, and only such as a person can make."""

from __future__ import annotations

from typing import Any

import numpy as np

from sluice.scoring.counterfactuals import Counterfactuals, counterfactuals
from sluice.scoring.model import LoadedModel
from sluice.scoring.signature import Columns
from tests.unit.scoring import models

#: log-odds -1.67: refused at 0.1, and at 0.5 nothing.
ROW: dict[str, Any] = {"age": 30.0, "purpose": "car", "foreign": 1.0}


def loaded(threshold: float = 0.5, **change: str) -> LoadedModel:
    """The credit model, whose log-odds grow with age; `change` says how a feature may be changed."""
    onnx = models.credit_onnx()
    features = [
        {"name": "age", "dtype": "number", "nullable": True, "change": change.get("age")},
        {"name": "purpose", "dtype": "string", "nullable": True, "change": change.get("purpose")},
        {"name": "foreign", "dtype": "boolean", "nullable": False, "change": change.get("foreign")},
    ]
    return LoadedModel.load(onnx, models.credit_manifest(onnx, features=features, threshold=threshold))


def background() -> Columns:
    return {
        "age": np.asarray([20.0, 25, 30, 35, 40, 45, 50, 55, 60, 65]),
        "purpose": np.asarray(["car", "house"] * 5, dtype=np.object_),
        "foreign": np.asarray([0.0, 1.0] * 5),
    }


def asked(model: LoadedModel, row: dict[str, Any] | None = None) -> Counterfactuals:
    return counterfactuals(model, background(), row or ROW)


def names(found: Counterfactuals) -> list[list[str]]:
    return [[change.feature for change in each.changes] for each in found.found]


def test_each_answer_flips_the_decision_and_changes_as_little_as_does() -> None:
    threshold = models.probability(29.0, "car", 1.0)

    told = asked(loaded(threshold))

    assert names(told) == [["age"], ["purpose"]]
    (age,) = told.found[0].changes
    assert age.was == 30.0
    assert 27 < float(age.to) < 29
    assert told.found[0].label == "0"
    assert told.found[0].probability < threshold
    assert told.found[1].changes[0].to == "house"
    assert told.reason is None


def test_what_cannot_be_changed_stays_as_it_is() -> None:
    threshold = models.probability(29.0, "car", 1.0)

    assert names(asked(loaded(threshold, age="increase"))) == [["purpose"]]
    assert names(asked(loaded(threshold, age="never"))) == [["purpose"]]
    assert names(asked(loaded(threshold, purpose="never"))) == [["age"]]
    assert "foreign" not in str(asked(loaded(threshold)).found)


def test_two_changes_where_no_single_one_does() -> None:
    threshold = models.probability(20.0, "house", 1.0) + 0.005

    told = asked(loaded(threshold))

    assert names(told) == [["age", "purpose"]]
    assert told.found[0].probability < threshold


def test_none_is_an_answer() -> None:
    told = asked(loaded(0.001))

    assert told.found == ()
    assert "no 3 changes" in (told.reason or "")


def test_a_missing_value_may_be_given_but_has_no_direction() -> None:
    row = {**ROW, "age": None, "purpose": "house"}
    threshold = models.probability(None, "house", 1.0) - 0.01

    assert names(asked(loaded(threshold), row)) == [["age"]]
    assert names(asked(loaded(threshold, age="decrease"), row)) == []


def test_the_same_question_has_the_same_answer() -> None:
    model = loaded(models.probability(29.0, "car", 1.0))

    assert asked(model) == asked(model)


def test_other_tasks_and_old_versions_say_why_there_are_none() -> None:
    onnx = models.value_onnx()
    value = LoadedModel.load(onnx, models.value_manifest(onnx))

    assert "regression" in (counterfactuals(value, background(), {"x": 1.0}).reason or "")
    assert "background" in (counterfactuals(loaded(), None, ROW).reason or "")
