"""Requests too large for the door: submitted by a link, answered in the protocol's own form, recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluice.local.stack import StackStatus
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from tests.local.command import Command
from tests.local.jobs import V1, eventually
from tests.local.test_batches import buckets, project
from tests.stores.batch.receiver import receiving
from tests.stores.batch.test_callbacks import verified
from tests.unit.scoring.models import probability

ROW = {"age": 60, "purpose": "car", "foreign": False}
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
    rows = [ROW | {"note": "x" * 20_000} for _ in range(300)]
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


def test_a_receiver_is_told_of_the_end_and_can_verify_it(
    project: str, stack: StackStatus, aws: Aws, tmp_path: Path
) -> None:
    (tmp_path / "rows.json").write_text(json.dumps({"instances": [ROW] * 3}))
    sluice = Command(stack.profile, tmp_path)
    with receiving(tmp_path, 503) as receiver, trusted(aws, receiver.certificate):
        said = sluice.done(
            "request", project, "rows.json", "--output", "answer.json", "--callback", receiver.address
        )
        request_id = said.split()[2]
        told = eventually(lambda: _delivered(sluice, project, request_id), "the delivery", 120)

    assert len(json.loads((tmp_path / "answer.json").read_text())["predictions"]) == 3
    secret = sluice.done("requests", "secret", project).strip()
    message = verified(receiver, secret)
    assert message["type"] == "request.succeeded"
    assert [call[0]["webhook-id"] for call in receiver.calls] == [request_id] * 2
    assert (told["status"], told["attempts"], told["answer"]) == ("delivered", 2, 204)
    result = dict(message["data"])["result"]  # type: ignore[call-overload] # an object, as verified says
    shown = httpx.get(result, headers={"authorization": f"Bearer {stack.tokens['invoker']}"}, timeout=35)
    assert shown.json()["answer"]["status"] == 200
    changed = sluice.done("requests", "secret", project, "--rotate").split()
    assert changed[-1].startswith("whsec_")
    assert changed[-1] != secret


def _delivered(sluice: Command, project: str, request_id: str) -> dict[str, Any] | None:
    delivery = sluice("requests", "show", project, request_id, "--json").json["delivery"]
    return dict(delivery) if delivery and delivery["status"] == "delivered" else None


@contextmanager
def trusted(aws: Aws, certificate: str) -> Iterator[None]:
    """The function that calls back trusts a certificate, as `callback_ca` of a stage makes it do."""
    found = aws("lambda").list_functions()["Functions"]
    (function,) = [each for each in found if "DeliverCallback" in each["FunctionName"]]
    names = function["Environment"]["Variables"]

    def configure(variables: dict[str, str]) -> None:
        name = function["FunctionName"]
        aws("lambda").update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    configure({**names, "CALLBACK_CA": certificate})
    try:
        yield
    finally:
        configure(names)


@pytest.mark.parametrize(
    "callback", ["http://127.0.0.1/x", "https://169.254.169.254/latest", "https://hooks.example.org/"]
)
def test_who_may_not_be_called_is_refused_at_once(project: str, api_as: ApiAs, callback: str) -> None:
    answer = api_as("invoker").post(
        f"{V1}/projects/{project}/requests", json={"size": 1, "callback": callback}
    )

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"] == "callback"


def test_a_wrong_body_is_answered_in_the_protocols_own_form(project: str, api_as: ApiAs) -> None:
    ended = answered(api_as("invoker"), project, b'{"inputs": "nothing"}', protocol="open_inference")

    assert ended["answer"]["status"] == 400
    assert set(httpx.get(ended["answer"]["url"]).json()) == {"error"}
