"""Explanations through the doors: with a score, and of a score on record by the model that gave it."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest

from sluice.domain import frames
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.model import ModelVersion
from tests.unit.predict.room import ROW, Reply, Room
from tests.unit.scoring import models

INPUTS = [
    {"name": "age", "shape": [1, 1], "datatype": "FP64", "data": [60]},
    {"name": "purpose", "shape": [1, 1], "datatype": "BYTES", "data": ["car"]},
    {"name": "foreign", "shape": [1, 1], "datatype": "BOOL", "data": [True]},
]
BACKGROUND = {
    "age": np.asarray([20.0, 30, 40, 50, np.nan]),
    "purpose": np.asarray(["car", "house", "boat", "", "house"]),
    "foreign": np.asarray([0.0, 1, 0, 1, 0]),
}


def explainable(version: int = 2, **changes: Any) -> Room:
    """A room whose credit model is not taken for linear and has background rows; `foreign` is protected."""
    room = Room()
    content = frames.to_bytes(BACKGROUND)
    ref = room.bucket.put(f"c/{version}/background.npz", content)
    closed = {"explanation": {"kind": "none", "unit": "log-odds"}, "background_sha256": ref.sha256}
    variant = room.credit_variant(version, **(closed | changes))
    variant = dataclasses.replace(variant, artefacts={**variant.artefacts, "background": ref})
    room.promote("credit", "production", variant)
    register(room, version, variant.model_digest, dict(variant.artefacts))
    return room


def register(room: Room, version: int, digest: str, artefacts: dict[str, ArtefactRef]) -> None:
    data = ArtefactRef("data", "d.csv", "v", "0" * 64, 1)
    room.versions["credit", version] = ModelVersion(
        "credit", version, "t", "r", "1", data, "c", 1, "p", digest, "r", "first", "ada", artefacts
    )


def ask(room: Room, path: str = "/v2/models/credit/explain", **body: Any) -> Reply:
    return room.post(path, {"inputs": INPUTS, **body})


def told(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.content
    (output,) = [each for each in reply.json["outputs"] if each["name"] == "explanation"]
    assert (output["datatype"], output["shape"]) == ("BYTES", [1])
    document: dict[str, Any] = json.loads(output["data"][0])
    return document


def test_a_score_comes_with_what_moved_it_and_is_recorded() -> None:
    room = explainable()

    reply = ask(room)
    document = told(reply)

    outputs = {each["name"]: each for each in reply.json["outputs"]}
    assert outputs["probability"]["data"][1] == pytest.approx(models.probability(60, "car", 1), abs=1e-6)
    why = document["explanation"]
    parts = [why["base"], why["withheld"], *(each["contribution"] for each in why["contributions"])]
    assert math.fsum(parts) == pytest.approx(why["output"], abs=1e-12)
    assert why["output"] == pytest.approx(models.log_odds(60, "car", 1), abs=1e-4)
    assert (why["method"], why["unit"], why["background_rows"]) == ("permutation", "log-odds", 5)
    assert [reason["text"] for reason in why["reasons"]] == ["Age of the applicant", "What the credit is for"]
    assert room.recorded.timings["explain"] > 0
    assert document["prediction_id"] == reply.headers["x-sluice-prediction-ids"]


def test_protected_attributes_are_not_shown_and_their_rank_is_reported() -> None:
    room = explainable()

    document = told(ask(room))

    assert "foreign" not in {each["feature"] for each in document["explanation"]["contributions"]}
    assert document["explanation"]["protected_ranked"] is True
    assert room.findings == [document["prediction_id"]]


def test_of_a_model_that_sees_nothing_protected_nothing_is_said() -> None:
    room = explainable(protected=["sex"])

    assert told(ask(room))["explanation"]["protected_ranked"] is None
    assert room.findings == []


def test_a_recorded_prediction_is_explained_again_bit_for_bit_when_its_model_serves_no_more() -> None:
    room = explainable()
    first = told(ask(room, parameters={"counterfactuals": True}))
    room.promote("credit", "production", room.credit_variant(3))

    again = room.get(f"/sluice/v1/predictions/{first['prediction_id']}/explanation?counterfactuals=true")

    assert again.status == 200, again.content
    assert again.json == first
    assert again.json["counterfactuals"]["found"]


def test_mlflows_forms_carry_explanations_beside_the_predictions() -> None:
    room = explainable()
    body = {"dataframe_records": [ROW, {**ROW, "age": None}], "params": {"counterfactuals": True}}

    reply = room.post("/endpoints/credit/production/explain", body)

    assert reply.json["predictions"] == ["1", "0"]
    assert [each["prediction_id"] for each in reply.json["explanations"]] == reply.json["prediction_ids"]
    assert reply.json["explanations"][1]["explanation"]["contributions"]
    assert "found" in reply.json["explanations"][0]["counterfactuals"]
    assert room.recorded.rows == 2


def test_a_linear_model_is_explained_in_closed_form_without_background() -> None:
    room = Room()

    document = told(ask(room))

    assert document["explanation"]["method"] == "closed_form"
    assert document["explanation"]["output"] == pytest.approx(models.log_odds(60, "car", 1), abs=1e-9)


def test_a_version_without_background_says_so_and_records_nothing() -> None:
    room = Room()
    room.promote("credit", "production", room.credit_variant(1, explanation={"kind": "none"}))

    reply = ask(room)

    assert reply.status == 409
    assert "background" in reply.json["error"]
    assert room.ledger.requests == {}


@pytest.mark.parametrize(
    ("parameters", "word"),
    [({"counterfactuals": 7}, "true or false"), ({"class": "0"}, "one of 1"), ({"class": 1}, "a text")],
)
def test_what_cannot_be_asked_for_is_refused_by_name(parameters: dict[str, Any], word: str) -> None:
    reply = ask(explainable(), parameters=parameters)

    assert reply.status == 400
    assert word in reply.json["error"]


def test_more_rows_than_are_explained_at_once_are_refused_before_they_are_recorded() -> None:
    room = explainable()

    reply = room.post("/endpoints/credit/production/explain", {"instances": [ROW] * 51})

    assert reply.status == 413
    assert room.ledger.requests == {}


def test_a_damaged_background_is_not_used() -> None:
    room = explainable()
    room.bucket.objects["c/2/background.npz"] = b"other rows"

    assert ask(room).status == 503


@pytest.mark.parametrize("name", ["nonsense", "01936b2e-0000-7000-8000-000000000001.0"])
def test_an_unknown_prediction_is_a_problem_of_the_api(name: str) -> None:
    reply = explainable().get(f"/sluice/v1/predictions/{name}/explanation")

    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
    assert reply.json["code"] == "not_found"


def test_an_unknown_parameter_is_a_problem_and_a_forgotten_person_is_not_explained() -> None:
    room = explainable()
    name = told(ask(room))["prediction_id"]
    address = f"/sluice/v1/predictions/{name}/explanation"

    assert room.get(f"{address}?colour=red").status == 422
    room.ledger.requests = {
        key: dataclasses.replace(request, forgotten=True) for key, request in room.ledger.requests.items()
    }
    assert room.get(address).status == 409
