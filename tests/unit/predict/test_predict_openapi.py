"""The description of the scoring addresses: whole, true of what they answer, and fuzzed."""

from __future__ import annotations

import json

import pytest
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

from functions.predict.openapi import DOORS
from functions.predict.routes import ROUTES
from tests.unit.predict.fuzzing import GOOD, fuzz, hold_to_description
from tests.unit.predict.room import Room

EXAMPLES = 2
ENDPOINT, MODEL = "/endpoints/{project}/{environment}", "/v2/models/{model}"


def test_the_description_names_every_address_and_is_served() -> None:
    described = Room().get("/v2/openapi.json").json

    OpenAPI.model_validate(described)
    named = {
        (method.upper(), path.strip("/"))
        for path, operations in described["paths"].items()
        for method in operations
    }
    assert named == {(method, pattern) for method, pattern, _ in ROUTES}
    assert set(DOORS) == {door for *_, door in ROUTES}
    ids = [each["operationId"] for path in described["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))


def test_what_is_answered_is_what_is_described() -> None:
    room = Room()
    for pattern, path, body in (
        (f"{MODEL}/infer", "/v2/models/credit/infer", GOOD["infer"]),
        (f"{ENDPOINT}/invocations", "/endpoints/credit/production/invocations", GOOD["invocations"]),
        (f"{ENDPOINT}/score", "/endpoints/credit/production/score", GOOD["score"]),
    ):
        reply = room.post(path, body)
        assert reply.status == 200, reply.content
        hold_to_description(pattern, "POST", reply)
        wrong = room.post(path, json.dumps(body)[:-1])
        assert wrong.status == 400
        hold_to_description(pattern, "POST", wrong)


def test_no_request_makes_scoring_fail() -> None:
    """A few of them: `make long` makes many."""
    asked = fuzz(Room(), EXAMPLES)

    assert len(asked) == len(ROUTES)
    assert all(asked.values())


@pytest.mark.long
def test_no_request_of_very_many_makes_scoring_fail() -> None:
    asked = fuzz(Room(), 60)

    assert all(asked.values())
    assert all(200 in asked[label] for label in asked if label.startswith("GET /v2/models"))
