"""Converting, and noticing when it went wrong without a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from functions.train_model.check_model import FittedModel
from functions.train_model.export_onnx import export_onnx
from sluice.domain import frames
from sluice.domain.frames import Frame
from sluice.domain.parity import UNSEEN, Parity, ParitySet, compare, parity_rows
from sluice.project.schema import ProjectSpec
from tests.unit.training.models import fitted, project, rows

NUMBERS = ["amount", "months", "known"]


def pipeline(model: Any, *numeric: Any) -> Pipeline:
    prepared = make_pipeline(*numeric) if numeric else "passthrough"
    columns = ColumnTransformer(
        [("n", prepared, NUMBERS), ("t", OneHotEncoder(handle_unknown="ignore"), ["status"])]
    )
    return Pipeline([("columns", columns), ("model", model)])


def answered(onnx: bytes, output: str | None, asked: Frame) -> np.ndarray:
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    feeds = {
        one.name: asked[one.name].astype(np.float32 if one.type == "tensor(float)" else object).reshape(-1, 1)
        for one in session.get_inputs()
    }
    (answer,) = session.run([output], feeds)
    return np.asarray(answer, dtype=np.float64)


def parity_of(model: FittedModel, spec: ProjectSpec, frame: Frame) -> Parity:
    asked = parity_rows(frame, spec.contract.features, seed=1)
    onnx, outputs = export_onnx(model, spec.contract.features)
    answers = answered(onnx, outputs.probability or outputs.value, asked)
    return compare(
        model.answers(asked),
        answers.reshape(len(answers), -1),
        task=spec.evaluation.task,
        positive=model.positive if model.classes and model.positive_class else 1,
    )


@pytest.mark.parametrize(
    ("task", "estimator"),
    [
        ("binary", pipeline(LogisticRegression(max_iter=5000), SimpleImputer(), StandardScaler())),
        ("binary", pipeline(RandomForestClassifier(20, random_state=0), SimpleImputer())),
        ("multiclass", pipeline(LogisticRegression(max_iter=5000), SimpleImputer(), StandardScaler())),
        ("regression", pipeline(Ridge(), SimpleImputer(), StandardScaler())),
        ("regression", pipeline(RandomForestRegressor(20, random_state=0), SimpleImputer())),
    ],
    ids=["logistic", "forest", "classes", "ridge", "forest regression"],
)
def test_what_converts_rightly_passes(task: str, estimator: Pipeline) -> None:
    spec, frame = project(task), rows(task)

    parity = parity_of(fitted(estimator, spec, frame), spec, frame)

    assert parity.passed
    assert parity.rows >= 1_000


@pytest.mark.parametrize(
    ("estimator", "nullable"),
    [
        (pipeline(RandomForestClassifier(20, random_state=0)), True),
        (
            pipeline(
                CalibratedClassifierCV(LogisticRegression(max_iter=5000), method="isotonic"), SimpleImputer()
            ),
            False,
        ),
    ],
    ids=["forest with missing values", "isotonic calibration"],
)
def test_what_converts_silently_wrong_is_found(estimator: Pipeline, nullable: bool) -> None:
    spec, frame = project(nullable=nullable), rows(nullable=nullable, n=3_000)

    parity = parity_of(fitted(estimator, spec, frame), spec, frame)

    assert not parity.passed
    assert parity.max_difference > 1e-3


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(max_iter=5000), DecisionTreeClassifier(max_depth=4)]
)
def test_an_estimator_without_a_pipeline_takes_columns_too(estimator: Any) -> None:
    whole = project(nullable=False)
    columns = [column.model_dump(mode="json") for column in whole.contract.columns if column.name != "status"]
    spec = project(contract={"columns": [_present(column) for column in columns]})
    frame = rows(nullable=False)

    model = fitted(estimator, spec, frame, NUMBERS)

    assert parity_of(model, spec, frame).passed


def test_a_feature_the_model_ignores_is_still_an_input() -> None:
    spec, frame = project(), rows()
    only = ColumnTransformer([("t", OneHotEncoder(handle_unknown="ignore"), ["status"])])
    model = fitted(Pipeline([("c", only), ("m", LogisticRegression())]), spec, frame)

    onnx, _ = export_onnx(model, spec.contract.features)

    session = onnxruntime.InferenceSession(onnx)
    assert [one.name for one in session.get_inputs()] == [one.name for one in spec.contract.features]


def test_equal_models_are_equal_bytes() -> None:
    spec, frame = project(), rows()
    files = {
        export_onnx(
            fitted(pipeline(LogisticRegression(max_iter=5000), SimpleImputer()), spec, frame),
            spec.contract.features,
        )[0]
        for _ in range(2)
    }

    assert len(files) == 1


def test_the_rows_asked_are_those_that_production_will_bring() -> None:
    spec, frame = project(), rows(n=100)

    asked = parity_rows(frame, spec.contract.features, seed=1)

    assert frames.row_count(asked) >= 1_000
    assert (asked["status"] == UNSEEN).any()
    assert (asked["status"] == "").any()
    assert np.isnan(asked["amount"]).any()
    assert asked["amount"][~np.isnan(asked["amount"])].max() > np.nanmax(frame["amount"].astype(np.float64))
    assert asked["months"].min() == 0.0
    assert not np.isnan(asked["months"]).any()
    assert (asked["amount"].astype(np.float32)[:50] == asked["amount"][:50]).all() or np.isnan(
        asked["amount"]
    ).any()


def test_a_parity_set_survives_storage() -> None:
    frame = {name: rows()[name] for name in ("amount", "status")}
    stored = ParitySet.from_bytes(ParitySet(frame, np.ones((400, 2))).to_bytes())

    assert list(stored.frame) == ["amount", "status"]
    assert stored.expected.shape == (400, 2)


def test_no_answer_is_the_largest_difference() -> None:
    parity = compare(np.zeros((2, 2)), np.asarray([[0.0, 0.0], [np.nan, 0.0]]), task="binary")

    assert parity.max_difference == np.inf
    assert not parity.passed


def _present(column: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in column.items() if value is not None}


def test_columns_keep_their_names_whatever_they_are() -> None:
    names = {"amount": "Price (€)", "months": "a: b#c", "known": "a_ b_c", "status": "label"}
    spec, frame = project(), rows()
    columns = [_present(column.model_dump(mode="json")) for column in spec.contract.columns]
    columns = [column | {"name": names.get(column["name"], column["name"])} for column in columns]
    renamed = project(contract={"columns": columns})
    odd = {names.get(name, name): values for name, values in frame.items()}
    numbers = Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())])
    prepare = ColumnTransformer(
        [("n", numbers, list(names.values())[:3]), ("t", OneHotEncoder(handle_unknown="ignore"), ["label"])]
    )
    model = fitted(Pipeline([("c", prepare), ("m", LogisticRegression(max_iter=5000))]), renamed, odd)

    onnx, _ = export_onnx(model, renamed.contract.features)

    session = onnxruntime.InferenceSession(onnx)
    assert [one.name for one in session.get_inputs()] == list(names.values())
    assert parity_of(model, renamed, odd).passed
