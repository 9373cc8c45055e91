"""Sampled contributions against exact ones: the shap library's, and a sum over every subset of features."""

from __future__ import annotations

import base64
import itertools
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sluice.domain.artefacts import sha256_of
from sluice.scoring.manifest import Manifest
from sluice.scoring.model import LoadedModel
from sluice.scoring.permutation import Way, explain, row_columns, seed_of
from sluice.scoring.signature import Columns

REFERENCE: dict[str, Any] = json.loads(Path(__file__).with_name("shap_reference.json").read_text())
NAMES: list[str] = REFERENCE["names"]
#: How far a sampled contribution may be from the exact one, in the unit of the family.
TOLERANCE = {"forest": 0.005, "boosted": 0.05, "logistic": 0.001}


def load(family: str) -> LoadedModel:
    """The family's model; its manifest has no closed form, so that everything is sampled."""
    told = REFERENCE["families"][family]
    onnx = base64.b64decode(told["onnx"])
    manifest = {
        "project": "people",
        "task": "binary",
        "target": "bad",
        "features": [{"name": name, "dtype": "number", "nullable": False} for name in NAMES],
        "classes": ["0", "1"],
        "positive_class": "1",
        "explanation": {"kind": "none", "unit": told["unit"]},
        "onnx": {"sha256": sha256_of(onnx), "size": 1, "output_probability": told["probability_output"]},
    }
    return LoadedModel.load(onnx, json.dumps(manifest).encode())


def background() -> Columns:
    return {name: np.asarray(REFERENCE["background"])[:, place] for place, name in enumerate(NAMES)}


def rows() -> list[dict[str, float]]:
    return [dict(zip(NAMES, row, strict=True)) for row in REFERENCE["rows"]]


def exact(model: LoadedModel, row: dict[str, float]) -> dict[str, float]:
    """Shapley's definition: every subset of the features, every background row."""
    way, stored = Way(model, 1), background()
    here, count = row_columns(model.manifest, row), len(stored[NAMES[0]])
    worth = {
        subset: float(
            np.mean(way.outputs({n: np.tile(here[n], count) if n in subset else stored[n] for n in stored}))
        )
        for size in range(len(NAMES) + 1)
        for subset in map(frozenset, itertools.combinations(NAMES, size))
    }
    weight = [1 / (len(NAMES) * math.comb(len(NAMES) - 1, size)) for size in range(len(NAMES))]
    return {
        name: sum(weight[len(s)] * (worth[s | {name}] - worth[s]) for s in worth if name not in s)
        for name in NAMES
    }


@pytest.mark.parametrize("family", TOLERANCE)
def test_contributions_are_those_of_shap(family: str) -> None:
    model = load(family)

    for row, values in zip(rows(), REFERENCE["families"][family]["values"], strict=True):
        told = {
            each.feature: each.contribution for each in explain(model, background(), row, "s").contributions
        }
        assert told == pytest.approx(dict(zip(NAMES, values, strict=True)), abs=TOLERANCE[family])


@pytest.mark.parametrize("family", TOLERANCE)
def test_contributions_are_those_of_the_definition(family: str) -> None:
    model, row = load(family), rows()[0]

    told = explain(model, background(), row, "s")

    shares = {each.feature: each.contribution for each in told.contributions}
    assert shares == pytest.approx(exact(model, row), abs=TOLERANCE[family])
    assert told.unit == ("probability" if family == "forest" else "log-odds")


@pytest.mark.parametrize("family", TOLERANCE)
def test_base_is_the_background_and_everything_adds_up(family: str) -> None:
    model, row = load(family), rows()[1]
    way = Way(model, 1)

    told = explain(model, background(), row, seed_of("request.0", model.manifest.digest))

    assert told.output == math.fsum([told.base, *(each.contribution for each in told.contributions)])
    assert told.output == pytest.approx(float(way.outputs(row_columns(model.manifest, row))[0]), abs=1e-6)
    assert told.base == pytest.approx(float(way.outputs(background()).mean()), abs=1e-6)
    assert (told.method, told.background_rows, told.explained_class) == ("permutation", 100, "1")


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not() -> None:
    row = rows()[2]

    first, again, other = (explain(load("boosted"), background(), row, seed) for seed in ("a", "a", "b"))

    assert json.dumps(asdict(first)) == json.dumps(asdict(again))
    assert first.contributions != other.contributions
    assert first.base == other.base


def test_wide_models_are_explained_in_bounded_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model, row = load("forest"), rows()[3]
    whole = explain(model, background(), row, "s")
    monkeypatch.setattr("sluice.scoring.permutation._CELLS", 1_000)

    in_parts = explain(model, background(), row, "s")

    assert in_parts.output == pytest.approx(whole.output, abs=1e-9)
    assert [e.feature for e in in_parts.contributions] == [e.feature for e in whole.contributions]


def test_a_manifest_names_its_unit() -> None:
    assert Manifest.parse(json.dumps(_bare() | {"task": "regression", "onnx": _VALUE}).encode()).unit == "bad"
    assert Manifest.parse(json.dumps(_bare()).encode()).unit == "probability"


_VALUE = {"sha256": "0", "size": 1, "output_value": "v"}


def _bare() -> dict[str, Any]:
    return {
        "project": "people",
        "task": "binary",
        "target": "bad",
        "features": [{"name": "age", "dtype": "number", "nullable": False}],
        "classes": ["0", "1"],
        "positive_class": "1",
        "onnx": {"sha256": "0", "size": 1, "output_probability": "p"},
    }
