"""One function scores for serving, evaluation and smoke tests: its answers are known by hand here."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sluice.domain.errors import IntegrityError, Invalid
from sluice.scoring.model import LoadedModel, score
from tests.unit.scoring import models


def credit(**changes: object) -> LoadedModel:
    onnx_bytes = models.credit_onnx()
    return LoadedModel.load(onnx_bytes, models.credit_manifest(onnx_bytes, **changes))


def rows(*values: tuple[float, str, float]) -> dict[str, np.ndarray]:
    ages, purposes, foreign = zip(*values, strict=True)
    return {"age": np.array(ages), "purpose": np.array(purposes), "foreign": np.array(foreign)}


def test_probabilities_and_labels_of_a_binary_model() -> None:
    given = rows((30.0, "car", 0.0), (np.nan, "", 1.0), (60.0, "boat", 1.0))

    scores = score(credit(), given)

    assert scores.probabilities is not None
    assert scores.probabilities.dtype == np.float64
    expected = [
        models.probability(30, "car", 0),
        models.probability(None, "", 1),
        models.probability(60, "boat", 1),
    ]
    np.testing.assert_allclose(scores.probabilities[:, 1], expected, atol=1e-6)
    assert scores.labels is not None
    assert scores.labels.tolist() == ["1" if p >= 0.5 else "0" for p in expected]


def test_the_label_is_positive_exactly_at_the_threshold() -> None:
    at = score(credit(), rows((30.0, "car", 0.0))).probabilities
    assert at is not None
    exactly = float(at[0, 1])

    on_it = score(credit(threshold=exactly), rows((30.0, "car", 0.0))).labels
    above_it = score(credit(threshold=np.nextafter(exactly, 1)), rows((30.0, "car", 0.0))).labels

    assert on_it is not None
    assert above_it is not None
    assert (on_it.tolist(), above_it.tolist()) == (["1"], ["0"])


def test_the_positive_class_may_be_the_first() -> None:
    scores = score(credit(positive_class="0", threshold=0.5), rows((120.0, "car", 1.0)))

    assert scores.labels is not None
    assert scores.labels.tolist() == ["1"]


def test_texts_may_be_objects_or_numpy_text() -> None:
    given = rows((30.0, "house", 0.0))
    as_objects = given | {"purpose": given["purpose"].astype(object)}

    assert np.array_equal(score(credit(), given).probabilities, score(credit(), as_objects).probabilities)  # type: ignore[arg-type]


def test_regression_answers_values() -> None:
    onnx_bytes = models.value_onnx()
    model = LoadedModel.load(onnx_bytes, models.value_manifest(onnx_bytes))

    scores = score(model, {"x": np.array([1.5, -2.0])})

    assert scores.values is not None
    assert scores.values.tolist() == [3.0, -4.0]
    assert (scores.labels, scores.probabilities, scores.rows) == (None, None, 2)


def test_multiclass_answers_the_largest_probability() -> None:
    onnx_bytes = models.colour_onnx()
    model = LoadedModel.load(onnx_bytes, models.colour_manifest(onnx_bytes))

    scores = score(model, {"x": np.array([3.0, -3.0])})

    assert scores.labels is not None
    assert scores.labels.tolist() == ["red", "blue"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"age": np.array([1.0]), "purpose": np.array(["car"])}, "absent"),
        (rows((1.0, "car", 0.0)) | {"age": np.array([1.0, 2.0])}, "different lengths"),
        (rows((1.0, "car", 0.0)) | {"age": np.array(["old"])}, "'age' is number"),
        (rows((1.0, "car", 0.0)) | {"purpose": np.array([1.0])}, "'purpose' is string"),
        (rows((1.0, "car", np.nan)), "no finite answer for row 0"),
    ],
)
def test_columns_that_cannot_be_scored_are_refused(columns: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        score(credit(), columns)


def test_another_onnx_file_than_the_manifest_names_is_refused() -> None:
    manifest = models.credit_manifest(models.credit_onnx())

    with pytest.raises(IntegrityError, match="digests differ"):
        LoadedModel.load(models.value_onnx(), manifest)


def test_an_onnx_file_with_other_inputs_than_the_features_is_refused() -> None:
    onnx_bytes = models.value_onnx()
    entry = json.loads(models.value_manifest(onnx_bytes))["onnx"] | {"output_probability": "variable"}

    with pytest.raises(Invalid, match="not the manifest's features"):
        LoadedModel.load(onnx_bytes, models.credit_manifest(onnx_bytes, onnx=entry))


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(Invalid, match="ONNX Runtime refuses"):
        LoadedModel.load(b"nothing", models.value_manifest(b"nothing"))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"task": "guess"}, "task"),
        ({"features": []}, "features"),
        ({"positive_class": "2"}, "classes"),
        ({"classes": ["0", "0"]}, "classes"),
        ({"threshold": float("nan")}, "threshold"),
        ({"explanation": {"kind": "linear", "base": 0, "terms": {"height": models.PURPOSES}}}, None),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(changes: dict[str, object], path: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        credit(**changes)

    if path:
        assert path in [reason.path for reason in refused.value.reasons]
