"""A card says what moves a model and how, and that it leans on something protected."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from functions.score_dataset.model_card import model_card
from sluice.domain import frames
from sluice.domain.errors import IntegrityError
from sluice.domain.frames import Frame
from sluice.scoring.background import choose_background, read_background
from sluice.scoring.manifest import Manifest
from sluice.scoring.model import LoadedModel
from tests.unit.scoring import models

ROWS: Frame = {
    "age": np.tile([20.0, 35, 50, 65, np.nan], 60),
    "purpose": np.tile(["car", "house", "boat"], 100),
    "foreign": np.tile([0.0, 1.0], 150),
    "default": np.tile(["0", "1"], 150),
}


def card(onnx: bytes, manifest: bytes, rows: Frame) -> dict[str, Any]:
    model = LoadedModel.load(onnx, manifest)
    return model_card(model, frames.take(rows, slice(0, 30)), rows)


def credit(**changes: Any) -> dict[str, Any]:
    onnx = models.credit_onnx()
    rows = {**ROWS, "purpose": ROWS["purpose"].astype(object)}
    return card(onnx, models.credit_manifest(onnx, **changes), rows)


@pytest.mark.parametrize("kind", ["linear", "none"])
def test_importance_is_the_mean_size_of_contributions_whatever_the_method(kind: str) -> None:
    changes = {} if kind == "linear" else {"explanation": {"kind": "none", "unit": "log-odds"}}

    told = credit(**changes)

    assert {entry["feature"] for entry in told["importance"]} == {"age", "purpose", "foreign"}
    assert [entry["protected"] for entry in told["importance"] if entry["feature"] == "foreign"] == [True]
    assert told["method"] == ("closed_form" if kind == "linear" else "permutation")
    foreign = next(entry for entry in told["importance"] if entry["feature"] == "foreign")
    assert foreign["importance"] == pytest.approx(models.FOREIGN / 2, abs=0.16)
    assert told == credit(**changes)


def test_partial_dependence_follows_the_model() -> None:
    curves = {curve["feature"]: curve for curve in credit()["partial_dependence"]}

    assert curves["age"]["values"] == [20, 35, 50, 65]
    answers = curves["age"]["answers"]["1"]
    assert answers == sorted(answers)
    by_purpose = dict(zip(curves["purpose"]["values"], curves["purpose"]["answers"]["1"], strict=True))
    assert by_purpose["car"] > by_purpose["boat"] > by_purpose["house"]


def test_a_protected_attribute_that_matters_is_a_finding_and_none_is_of_a_model_that_sees_none() -> None:
    found = {entry["finding"]: entry for entry in credit()["findings"]}

    assert found["protected_is_important"]["feature"] == "foreign"
    assert found["protected_ranked"]["rows"] > 0
    assert credit(protected=["sex"])["findings"] == []


def test_regressions_and_many_classes_have_cards_too() -> None:
    rows: Frame = {"x": np.linspace(-1, 1, 60)}
    value, colour = models.value_onnx(), models.colour_onnx()

    of_value = card(value, models.value_manifest(value), rows)
    of_colour = card(colour, models.colour_manifest(colour), rows)

    assert of_value["unit"] == "rentals"
    curve = of_value["partial_dependence"][0]
    assert curve["answers"]["rentals"] == pytest.approx([2 * float(np.float32(x)) for x in curve["values"]])
    assert set(of_colour["partial_dependence"][0]["answers"]) == {"red", "green", "blue"}


def test_the_background_is_a_hundred_rows_of_features_and_its_digest_is_checked() -> None:
    onnx = models.credit_onnx()
    bare = Manifest.parse(models.credit_manifest(onnx))

    content = choose_background(bare, ROWS)

    assert content == choose_background(bare, ROWS)
    stored = frames.from_bytes(content)
    assert (set(stored), frames.row_count(stored)) == ({"age", "purpose", "foreign"}, 100)
    with pytest.raises(IntegrityError):
        read_background(bare, content)
    digest = json.loads(models.credit_manifest(onnx)) | {"background_sha256": _sha(content)}
    read = read_background(Manifest.parse(json.dumps(digest).encode()), content)
    assert read["purpose"].dtype == np.object_


def test_long_texts_make_fewer_rows_not_a_larger_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.scoring.background.MAX_BYTES", 40_000)
    generator = np.random.default_rng(1)
    texts = ["".join(map(chr, generator.integers(97, 123, 1_500))) for _ in range(100)]
    onnx = models.credit_onnx()
    rows: Frame = {**frames.take(ROWS, slice(0, 100)), "purpose": np.asarray(texts)}

    content = choose_background(Manifest.parse(models.credit_manifest(onnx)), rows)

    assert len(content) <= 40_000
    assert 10 <= frames.row_count(frames.from_bytes(content)) < 100


def _sha(content: bytes) -> str:
    from sluice.domain.artefacts import sha256_of

    return sha256_of(content)
