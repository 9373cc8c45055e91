"""Which variant answers, how soon a change is seen, and what serves when something is down."""

from __future__ import annotations

import collections

import pytest

from sluice.domain.endpoints import Endpoint, choose_variant
from tests.unit.predict.room import ROW, Room
from tests.unit.scoring import models


@pytest.fixture
def room() -> Room:
    return Room()


def split(room: Room, champion: int, challenger: int) -> Endpoint:
    room.promote(
        "credit",
        "production",
        room.credit_variant(1, champion),
        room.credit_variant(2, challenger, threshold=0.4),
    )
    return room.endpoints["credit", "production"]


def test_weights_hold_and_an_entity_always_meets_the_same_variant(room: Room) -> None:
    endpoint = split(room, 90, 10)

    met = {
        f"customer-{number}": choose_variant(endpoint, f"customer-{number}").name for number in range(4000)
    }

    assert 0.08 < collections.Counter(met.values())["v2"] / 4000 < 0.12
    again = split(room, 80, 20)
    kept = [
        name for name, variant in met.items() if variant == "v2" and choose_variant(again, name).name == "v2"
    ]
    assert len(kept) == list(met.values()).count("v2")


def test_the_entity_comes_from_the_header_or_the_parameters(room: Room) -> None:
    endpoint = split(room, 50, 50)
    room.seconds += 10
    for name in ("anna", "ben", "cleo", "dora", "emil"):
        expected = choose_variant(endpoint, name).name
        by_header = room.invoke(None, x_sluice_entity=name)
        by_params = room.invoke({"instances": [ROW], "params": {"entity": name}})
        inputs = [
            {"name": "age", "shape": [1], "datatype": "FP64", "data": [30]},
            {"name": "purpose", "shape": [1], "datatype": "BYTES", "data": ["car"]},
            {"name": "foreign", "shape": [1], "datatype": "BOOL", "data": [True]},
        ]
        by_oip = room.post("/v2/models/credit/infer", {"inputs": inputs, "parameters": {"entity": name}})
        met = [reply.headers["x-sluice-variant"] for reply in (by_header, by_params, by_oip)]
        assert met == [expected] * 3


def test_without_an_entity_requests_spread(room: Room) -> None:
    split(room, 50, 50)
    room.seconds += 10

    met = {room.invoke().headers["x-sluice-variant"] for _ in range(40)}

    assert met == {"v1", "v2"}


def test_a_change_is_seen_after_two_seconds_and_not_looked_for_before(room: Room) -> None:
    room.invoke()
    room.promote("credit", "production", room.credit_variant(2))

    room.seconds = 1.9
    before = room.invoke().headers["x-sluice-model-version"]
    lookups = room.lookups
    room.seconds = 2.1
    after = room.invoke().headers["x-sluice-model-version"]

    assert (before, lookups, after) == ("1", 1, "2")


def test_the_routing_table_may_be_away_for_a_minute(room: Room) -> None:
    room.invoke()
    room.table_down = True

    room.seconds = 50
    still = room.invoke().status
    room.seconds = 70
    too_long = room.invoke()

    assert still == 200
    assert (too_long.status, too_long.json["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")


def test_a_damaged_artefact_is_refused_and_the_previous_version_goes_on(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.invoke()
    room.promote("credit", "production", room.credit_variant(2, threshold=0.6))
    room.bucket.objects["c/2/model.onnx"] += b"!"
    room.seconds = 10

    reply = room.invoke()

    assert (reply.status, reply.headers["x-sluice-model-version"]) == (200, "1")
    assert (room.recorded.model_version, room.recorded.revision) == (1, 2)
    (alarm,) = [vars(record) for record in caplog.records if record.getMessage() == "artefact_refused"]
    assert (alarm["levelname"], alarm["model_version"], alarm["serving"]) == ("ERROR", 2, 1)


def test_a_damaged_artefact_with_nothing_before_it_is_unavailable(room: Room) -> None:
    room.bucket.objects["c/1/model.onnx"] += b"!"

    reply = room.invoke()

    assert (reply.status, reply.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert room.get("/v2/models/credit/ready").status == 503
    assert room.ledger.requests == {}


def test_a_manifest_that_is_not_the_promoted_one_is_refused(room: Room) -> None:
    onnx_bytes = models.credit_onnx()
    variant = room.variant(2, onnx_bytes, models.credit_manifest(onnx_bytes, threshold=0.9))
    champion = room.endpoints["credit", "production"].variants[0]
    swapped = type(champion)("v1", 1, champion.model_digest, 100, variant.artefacts)
    room.promote("credit", "production", swapped)

    assert room.invoke().status == 503


def test_what_is_in_memory_serves_while_the_bucket_is_down(room: Room) -> None:
    room.invoke()
    room.bucket.down = True
    room.seconds = 10

    assert room.invoke().status == 200
    assert len(room.bucket.reads) == 2
