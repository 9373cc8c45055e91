"""Personal fields: read by those who may, nowhere in clear, and gone once their person is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.domain.endpoints import hidden_entity
from sluice.domain.errors import Unavailable
from sluice.stores import keys
from sluice.stores.ledger import Ledger
from tests.stores.control_api.api import CID, ROOT, SCORER, Api
from tests.stores.control_api.scenes import REQUEST, register_model, score, scored

PERSONAL: dict[str, Any] = {"personal": ("duration", "nationality"), "features": {
    "age": [30.0, 31.0], "duration": [48.125, 7.0], "purpose": ["car", "tv"], "sex": ["f", "f"],
}}  # fmt: skip
SECOND = "01936b2e-0000-7000-8000-000000000002"


def scored_for(api: Api, entity: str | None) -> None:
    """One request of two rows with personal fields, for an entity that the endpoint knows by its hash."""
    scored(api.platform, request_id=REQUEST)
    scored_again(api, SECOND, entity)


def scored_again(api: Api, request_id: str, entity: str | None) -> None:
    platform = api.platform
    endpoint = platform.endpoints.get("default", "credit", "production")
    assert endpoint
    hidden = hidden_entity(endpoint, entity) if entity else None
    model = platform.models.get("default", "credit", 1)
    promotion = platform.promotions.get("default", "credit", "promotion-1")
    score(platform, model, promotion, rows=2, request_id=request_id, entity=hidden, **PERSONAL)


def stored(api: Api, request_id: str) -> str:
    item = api.platform.ledger.get(keys.scored_request(tenant="default", request_id=request_id))
    return json.dumps(item, default=str)


def test_personal_fields_are_told_to_those_who_may_read_and_stored_in_no_clear_form(api: Api) -> None:
    scored_for(api, "anna-1")

    story = api.get(f"/predictions/{SECOND}.0", SCORER).ok()

    assert story["inputs"] == {"age": 30.0, "duration": 48.125, "purpose": "car"}
    assert story["forgotten"] == []
    assert story["explanation"]["reasons"]
    assert "48.125" not in stored(api, SECOND)
    assert "nationality" in stored(api, SECOND)  # as a name, among those that are personal
    assert "anna-1" not in stored(api, SECOND)


def test_a_forgotten_entitys_predictions_stay_without_its_fields(api: Api) -> None:
    scored_for(api, "anna-1")
    # when an admin forgets her, twice
    first = api.post("/projects/credit/forgotten", {"entity": "anna-1"}, ROOT).ok()
    again = api.post("/projects/credit/forgotten", {"entity": "anna-1"}, ROOT).ok()
    # then the score is still told, her fields are not
    story = api.get(f"/predictions/{SECOND}.0", SCORER).ok()
    assert (first, again) == ({"keys": 1}, {"keys": 0})
    assert story["inputs"] == {"age": 30.0, "duration": None, "purpose": "car"}
    assert story["forgotten"] == ["duration"]
    assert "nationality" not in json.dumps(story)
    assert story["output"]["label"] == "1"
    assert story["explanation"] is None
    # and the audit says that it happened, without naming her
    events = api.get("/projects/credit/audit", ROOT).ok()["items"]
    told = [event for event in events if event["action"] == "entity.forget"]
    assert sorted(event["details"]["keys"] for event in told) == [0, 1]
    assert "anna-1" not in json.dumps(told)
    # and a tombstone stands where the key was
    endpoint = api.platform.endpoints.get("default", "credit", "production")
    assert endpoint
    subject = hidden_entity(endpoint, "anna-1")
    partition = keys.entity_partition(tenant="default", project="credit", subject=subject)
    left = api.platform.ledger.query_all(partition)
    assert [item["sk"].partition("#")[0] for item in left] == ["forgotten"]
    assert left[0]["principal"] == "root"


def test_a_new_request_of_a_forgotten_entity_has_a_new_key(api: Api) -> None:
    scored_for(api, "anna-1")
    api.post("/projects/credit/forgotten", {"entity": "anna-1"}, ROOT).ok()
    third = SECOND[:-1] + "3"

    scored_again(api, third, "anna-1")

    assert api.get(f"/predictions/{third}.1", SCORER).ok()["inputs"]["duration"] == 7.0
    assert api.get(f"/predictions/{SECOND}.1", SCORER).ok()["inputs"]["duration"] is None


def test_another_entitys_fields_stay(api: Api) -> None:
    scored_for(api, "anna-1")

    assert api.post("/projects/credit/forgotten", {"entity": "anna-2"}, ROOT).ok() == {"keys": 0}

    assert api.get(f"/predictions/{SECOND}.0", SCORER).ok()["inputs"]["duration"] == 48.125


def test_a_request_without_an_entity_is_forgotten_by_its_prediction(api: Api) -> None:
    scored_for(api, None)

    answered = api.post("/projects/credit/forgotten", {"prediction_id": f"{SECOND}.1"}, ROOT).ok()

    assert answered == {"keys": 1}
    assert api.get(f"/predictions/{SECOND}.0", SCORER).ok()["inputs"]["duration"] is None


@pytest.mark.parametrize("body", [{}, {"entity": "a", "prediction_id": f"{SECOND}.0"}, {"entity": ""}])
def test_who_is_forgotten_must_be_said_once(api: Api, body: dict[str, str]) -> None:
    register_model(api.platform)

    api.post("/projects/credit/forgotten", body, ROOT).problem(422, "invalid")


def test_forgetting_needs_an_admin_a_known_project_and_a_known_prediction(api: Api) -> None:
    scored_for(api, "anna-1")

    api.post("/projects/credit/forgotten", {"entity": "anna-1"}, CID).problem(403, "forbidden")
    api.post("/projects/unknown/forgotten", {"entity": "anna-1"}, ROOT).problem(404, "not_found")
    elsewhere = {"prediction_id": "01936b2e-0000-7000-8000-00000000ffff.0"}
    api.post("/projects/credit/forgotten", elsewhere, ROOT).problem(404, "not_found")
    named = {"prediction_id": f"{SECOND}.0"}
    api.post("/projects/credit/forgotten", named, ROOT).problem(409, "conflict")


def test_keys_are_wrapped_and_worthless_without_the_tenants_secret(api: Api) -> None:
    scored_for(api, "anna-1")
    secret = keys.secret(tenant="default", name="entity_keys")
    kept = api.platform.platform.get(secret)
    assert kept
    api.platform.platform.put({**kept, "value": bytes(32)})

    unwrapped = Api.over(api.platform).get(f"/predictions/{SECOND}.0", SCORER)

    assert unwrapped.status >= 500
    assert unwrapped.body["code"] == "corrupt"


def test_without_keys_personal_fields_are_not_taken(api: Api) -> None:
    scored_for(api, "anna-1")
    request = api.platform.predictions.get("default", SECOND)
    assert request

    with pytest.raises(Unavailable):
        Ledger(api.platform.ledger, api.platform.artefacts).put("default", request)
