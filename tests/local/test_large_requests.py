"""Requests too large for the door: submitted by a link, answered in the protocol's own form, recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sluice.stores.artefacts import ArtefactStore
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from tests.local.jobs import V1, eventually
from tests.local.test_batches import buckets, project
from tests.unit.scoring.models import probability

ApiAs = Callable[[str], httpx.Client]
Aws = Callable[[str], Any]

__all__ = ["buckets", "project"]


def answered(api: httpx.Client, project: str, body: bytes, **how: Any) -> dict[str, Any]:
    """Submit, put, poll."""
    address = f"{V1}/projects/{project}/requests"
    ticket = api.post(address, json={"size": len(body), **how})
    assert ticket.status_code == 201, ticket.text
    assert httpx.put(ticket.json()["url"], content=body, headers=ticket.json()["headers"]).status_code == 200
    one = f"{address}/{ticket.json()['request_id']}"
    ended: dict[str, Any] = eventually(
        lambda: found if (found := api.get(one).json()).get("ended_at") else None, "an answer", 120
    )
    return ended


def test_a_body_over_the_doors_limit_is_answered_and_recorded(project: str, api_as: ApiAs, aws: Aws) -> None:
    row = {"age": 60, "purpose": "car", "foreign": False}
    rows = [row | {"note": "x" * 20_000} for _ in range(300)]
    body = json.dumps({"dataframe_records": rows}).encode()
    assert len(body) > 5_500_000

    ended = answered(api_as("invoker"), project, body)

    answer = ended["answer"]
    said = httpx.get(answer["url"]).json()
    assert (ended["status"], answer["status"]) == ("succeeded", 200)
    assert len(said["predictions"]) == 300
    recorded = ledger(aws).get("default", ended["request_id"])
    assert recorded is not None
    assert (recorded.rows, recorded.protocol, recorded.model_version) == (300, "mlflow", 3)
    assert recorded.probabilities["1"][299] == pytest.approx(probability(60, "car", 0))


def ledger(aws: Aws) -> Ledger:
    """The ledger of the predict function, read as the account's root."""
    found = aws("lambda").list_functions()["Functions"]
    (names,) = (
        each["Environment"]["Variables"] for each in found if "Serving-Predict" in each["FunctionName"]
    )
    store = ArtefactStore(aws("s3"), {"archive": names["ARCHIVE_BUCKET"]})
    return Ledger(Items(aws("dynamodb"), names["LEDGER_TABLE"]), store)


def test_a_wrong_body_is_answered_in_the_protocols_own_form(project: str, api_as: ApiAs) -> None:
    ended = answered(api_as("invoker"), project, b'{"inputs": "nothing"}', protocol="open_inference")

    assert ended["answer"]["status"] == 400
    assert set(httpx.get(ended["answer"]["url"]).json()) == {"error"}
