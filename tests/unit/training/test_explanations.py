"""Closed forms are found by asking, and given only where they hold."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
    TargetEncoder,
)

from functions.train_model.check_model import FittedModel
from functions.train_model.explain_linear import explain_linear, output_of
from sluice.domain import frames
from sluice.domain.parity import parity_rows
from sluice.project.schema import ProjectSpec
from sluice.scoring.explanation import explain_row
from sluice.scoring.manifest import Manifest
from tests.unit.training.models import fitted, project, rows

NUMBERS = ["amount", "months", "known"]


def linear(model: Any, *numeric: Any, text: Any = None) -> Pipeline:
    columns = ColumnTransformer(
        [
            ("n", make_pipeline(*numeric), NUMBERS),
            ("t", text or OneHotEncoder(handle_unknown="ignore"), ["status"]),
        ]
    )
    return Pipeline([("columns", columns), ("model", model)])


def manifest(model: FittedModel, spec: ProjectSpec, explanation: dict[str, Any]) -> Manifest:
    """As scoring reads it: through its bytes."""
    document = {
        "project": "small",
        "task": model.task,
        "target": "y",
        "features": [
            {"name": one.name, "dtype": one.dtype, "nullable": one.nullable} for one in spec.contract.features
        ],
        "classes": list(model.classes),
        "positive_class": model.positive_class,
        "threshold": 0.5,
        "onnx": {"sha256": "", "size": 0, "output_probability": "p", "output_value": "v"},
        "explanation": explanation,
    }
    return Manifest.parse(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("task", "estimator"),
    [
        ("binary", linear(LogisticRegression(max_iter=5000), SimpleImputer(), StandardScaler())),
        (
            "binary",
            linear(LogisticRegression(max_iter=5000), SimpleImputer(), MinMaxScaler(), text=TargetEncoder()),
        ),
        ("regression", linear(Ridge(), SimpleImputer(), StandardScaler())),
    ],
    ids=["logistic", "target encoding", "ridge"],
)
def test_contributions_add_up_to_the_models_own_output(task: str, estimator: Pipeline) -> None:
    spec, frame = project(task), rows(task)
    model = fitted(estimator, spec, frame)
    asked = parity_rows(frame, spec.contract.features, seed=5)

    explanation = explain_linear(model, spec.contract.features, frame, asked)

    assert explanation["kind"] == "linear"
    read = manifest(model, spec, explanation)
    expected = output_of(model, asked)
    for place in range(0, frames.row_count(asked), 37):
        row = {name: column[place].item() for name, column in asked.items()}
        explained = explain_row(read, row)
        assert explained is not None
        assert explained.output == pytest.approx(expected[place], rel=1e-6, abs=1e-6)


def test_contributions_are_measured_from_the_training_sides_mean() -> None:
    spec, frame = project(), rows()
    model = fitted(linear(LogisticRegression(max_iter=5000), SimpleImputer()), spec, frame)

    explanation = explain_linear(model, spec.contract.features, frame, frame)

    assert explanation["base"] == pytest.approx(output_of(model, frame).mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("task", "estimator"),
    [
        ("binary", linear(LogisticRegression(max_iter=5000), SimpleImputer(), PolynomialFeatures(2))),
        ("binary", linear(RandomForestClassifier(5, random_state=0), SimpleImputer())),
        ("multiclass", linear(LogisticRegression(max_iter=5000), SimpleImputer(), StandardScaler())),
    ],
    ids=["interactions", "forest", "classes"],
)
def test_what_is_not_additive_gets_no_closed_form(task: str, estimator: Pipeline) -> None:
    spec, frame = project(task), rows(task)
    model = fitted(estimator, spec, frame)

    found = explain_linear(
        model, spec.contract.features, frame, parity_rows(frame, spec.contract.features, seed=5)
    )

    assert found == {"kind": "none"}


def test_a_flipped_class_order_does_not_flip_the_explanation() -> None:
    spec, frame = project(), rows()
    flipped = project(target={"name": "y", "positive": "no"})
    estimator = linear(LogisticRegression(max_iter=5000), SimpleImputer(), StandardScaler())

    yes = explain_linear(fitted(estimator, spec, frame), spec.contract.features, frame, frame)
    no = explain_linear(fitted(estimator, flipped, frame), flipped.contract.features, frame, frame)

    assert no["base"] == pytest.approx(-yes["base"])
    assert no["terms"]["months"]["coefficient"] == pytest.approx(-yes["terms"]["months"]["coefficient"])
    assert np.sign(yes["terms"]["months"]["coefficient"]) == 1
