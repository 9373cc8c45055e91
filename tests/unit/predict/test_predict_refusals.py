"""Whatever is wrong is said in the protocol's own form, with the right status, and never as a 500."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.predict.room import ROW, Reply, Room, event
from tests.unit.predict.test_predict_protocols import INPUTS, binary_request

INFER = "/v2/models/credit/infer"
INVOKE = "/endpoints/credit/production/invocations"


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize(
    ("made", "status", "code"),
    [
        (
            event("POST", "/endpoints/nothing/production/invocations", {"instances": [ROW]}),
            404,
            "RESOURCE_DOES_NOT_EXIST",
        ),
        (
            event("POST", "/endpoints/empty/production/invocations", {"instances": [ROW]}),
            409,
            "RESOURCE_CONFLICT",
        ),
        (event("POST", INVOKE, {"instances": [ROW]}, tenant="other"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (event("POST", INVOKE, {"instances": [ROW]}, roles="viewer"), 403, "PERMISSION_DENIED"),
        (event("POST", INVOKE, {"instances": [ROW]}, projects="rentals"), 403, "PERMISSION_DENIED"),
        (event("POST", INVOKE, {"instances": [ROW]}, roles=None), 401, "UNAUTHENTICATED"),
        (event("GET", INVOKE), 405, "BAD_REQUEST"),
        (event("GET", "/endpoints/credit"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (event("POST", INVOKE), 400, "INVALID_PARAMETER_VALUE"),
        (event("POST", INVOKE, "<x/>", headers={"content-type": "application/xml"}), 415, "BAD_REQUEST"),
        (event("POST", INVOKE, "x" * 5_600_000), 413, "BAD_REQUEST"),
        (event("POST", INVOKE, b"x" * 4_600_000), 413, "BAD_REQUEST"),
    ],
)
def test_mlflow_says_error_code_and_message(room: Room, made: dict[str, Any], status: int, code: str) -> None:
    reply = room.ask(made)

    assert (reply.status, reply.json["error_code"]) == (status, code)
    assert reply.json["message"]
    assert room.ledger.requests == {}


@pytest.mark.parametrize(
    ("made", "status", "text"),
    [
        (event("POST", "/v2/models/nothing/infer", {"inputs": INPUTS}), 404, "there is no model 'nothing'"),
        (event("POST", "/v2/models/empty/infer", {"inputs": INPUTS}), 409, "no version of 'empty' serves"),
        (event("POST", "/v2/models/credit.staging/infer", {"inputs": INPUTS}), 409, "serves in 'staging'"),
        (event("POST", "/v2/models/credit/versions/7/infer", {"inputs": INPUTS}), 404, "version '7'"),
        (event("POST", INFER, {"inputs": INPUTS}, roles="auditor"), 403, "prediction.score"),
        (event("POST", INFER, {"inputs": INPUTS}, roles=None), 401, "token"),
        (event("DELETE", INFER), 405, "DELETE"),
        (event("GET", "/v2/nothing"), 404, "there is nothing at /v2/nothing"),
        (event("GET", "/"), 404, "nothing"),
        (event("POST", INFER, "{"), 400, "not JSON"),
        (
            event("POST", INFER, {"inputs": INPUTS}, headers={"content-encoding": "br"}),
            400,
            "gzip or deflate",
        ),
        (event("POST", INFER, b"no gzip", headers={"content-encoding": "gzip"}), 400, "not compressed"),
        (
            event("POST", INFER, b"x", headers={"inference-header-content-length": "-1"}),
            400,
            "number of bytes",
        ),
        (
            event("POST", INFER, b"x", headers={"inference-header-content-length": "9"}),
            400,
            "the body has 1 bytes",
        ),
    ],
)
def test_open_inference_says_error(room: Room, made: dict[str, Any], status: int, text: str) -> None:
    reply = room.ask(made)

    assert reply.status == status
    assert text in reply.json["error"]
    assert list(reply.json) == ["error"]
    assert room.ledger.requests == {}


def changed(place: int, **fields: Any) -> list[dict[str, Any]]:
    """The good tensors, but for one."""
    return [{**each, **fields} if number == place else each for number, each in enumerate(INPUTS)]


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (changed(0, data=[60, 61]), "2 values, its shape says 1"),
        (changed(0, shape=[1, 2]), "[rows] or [rows, 1]"),
        (changed(0, shape=[-1]), "a list of sizes"),
        (changed(0, shape=[2], data=[60, 61]), "different numbers of rows"),
        (changed(0, data=[[60, 61]]), "ragged"),
        (changed(0, datatype="BYTES", data=["60"]), "expected FP64, got BYTES"),
        (changed(0, datatype="FP65"), "datatype must be one of"),
        (changed(2, data=["no"]), "is no BOOL"),
        (changed(0, data=[1e400]), "finite"),
        ([*INPUTS, INPUTS[0]], "two inputs have the same name"),
        (changed(0, name="agee"), "no input 'agee'"),
        (INPUTS[1:], "age"),
        ([{**INPUTS[0], "name": f"c{number}"} for number in range(10_001)], "no input 'c0'"),
        (changed(0, data="[" * 100_000), "expected data"),
    ],
)
def test_tensors_that_are_not_the_models_are_refused_by_name(
    room: Room, inputs: list[dict[str, Any]], text: str
) -> None:
    reply = room.post(INFER, {"inputs": inputs})

    assert (reply.status, list(reply.json)) == (400, ["error"])
    assert text in reply.json["error"]
    assert room.ledger.requests == {}


def test_binary_data_that_is_not_as_long_as_it_says_is_refused(room: Room) -> None:
    content, length = binary_request()
    for sent, said, text in (
        (content[:-1], length, "bytes of binary data, the body has"),
        (content + b"x", length, "bytes of binary data, the body has"),
        (content, len(content) + 1, "the body has"),
        (content, length - 1, "not JSON"),
    ):
        reply = room.post(INFER, sent, inference_header_content_length=str(said))
        assert (reply.status, list(reply.json)) == (400, ["error"])
        assert text in reply.json["error"]


def test_broken_base64_is_a_bad_request(room: Room) -> None:
    made = event("POST", INFER, b"x") | {"body": "***"}

    assert room.ask(made).status == 400


def test_a_decompression_bomb_is_too_large(room: Room) -> None:
    import zlib

    bomb = zlib.compress(b"\0" * 50_000_000)

    assert room.post(INFER, bomb, content_encoding="deflate").status == 413


def test_violations_name_field_value_and_expectation(room: Room) -> None:
    reply = room.invoke({"instances": [{"age": 17, "purpose": 5, "foreign": None}]})

    assert reply.status == 400
    assert reply.json["violations"] == [
        {"field": "age", "value": "17", "expectation": "at least 18"},
        {"field": "purpose", "value": "5", "expectation": "a text or null"},
        {"field": "foreign", "value": "null", "expectation": "true or false"},
    ]


def test_what_nobody_foresaw_keeps_its_text_to_itself(room: Room) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    room.ledger.put = fail  # type: ignore[method-assign,assignment]

    reply = room.invoke()

    assert (reply.status, reply.json["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in reply.content.decode()
    assert reply.headers["x-sluice-request-id"] in reply.json["message"]


def test_an_answer_that_cannot_be_recorded_does_not_leave(room: Room) -> None:
    room.ledger.full = True

    mlflow, oip = room.invoke(), room.post(INFER, {"inputs": INPUTS})

    assert (mlflow.status, mlflow.json["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert (oip.status, list(oip.json)) == (429, ["error"])
    assert oip.headers["retry-after"] == "1"


MANY = ",".join(f'"k{number}": 1' for number in range(100_000))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"dataframe_records": [{f"c{number}": number for number in range(10_001)}]}, "age"),
        ({"dataframe_split": {"columns": ["age", "age"], "data": [[1, 2]]}}, "same name"),
        ({"dataframe_split": {"columns": ["age", "purpose"], "data": [[1, "car"], [2]]}}, "row 1"),
        ('{"instances": ' + "[" * 200_000, "nested too deeply"),
        ('{"instances": [{"age": Infinity, "purpose": "car", "foreign": false}]}', "finite"),
        ('{"instances": [{"age": 1, "purpose": "car", "foreign": NaN}]}', "foreign"),
        (f'{{{MANY}, "k99999": 1}}', "'k99999' twice"),
    ],
)
def test_bodies_made_to_hurt_are_refused_at_once(room: Room, body: object, text: str) -> None:
    started = time.process_time()

    reply = room.post(INVOKE, body)

    assert (reply.status, reply.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert text in reply.json["message"]
    assert time.process_time() - started < 5


def refused_well(reply: Reply) -> bool:
    return reply.status in (200, 400, 413, 415)


ROOM = Room()


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize(
    ("path", "around"),
    [
        (INVOKE, '{"instances": %s}'),
        (INVOKE, '{"dataframe_split": {"columns": ["age"], "data": [[%s]]}}'),
        (INVOKE, '{"instances": [[1]], "params": {"output": %s}}'),
        (INFER, '{"id": "a", "inputs": [{"name": "age", "shape": [1], "datatype": "FP32", "data": %s}]}'),
        (INFER, '{"inputs": [{"name": "age", "shape": %s, "datatype": "FP32", "data": [1]}]}'),
    ],
)
def test_no_depth_makes_a_door_fail(path: str, around: str, begin: str, end: str) -> None:
    """Between what readers follow and what Python's own stack bears there is no gap."""
    for depth in (3, 100, *range(300, 1_060, 20), 2_000):
        content = around % (begin * depth + "1" + end * depth)
        assert ROOM.ask(event("POST", path, content.encode())).status == 400, depth


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=200), length=st.none() | st.integers(-5, 300).map(str) | st.text(max_size=3)
)
def test_no_bytes_make_inference_fail_with_500(content: bytes, length: str | None) -> None:
    headers = {} if length is None else {"inference-header-content-length": length}

    assert refused_well(ROOM.ask(event("POST", INFER, content, headers=headers)))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 2000), damage=st.binary(min_size=1, max_size=4))
def test_no_damage_makes_a_binary_request_fail_with_500(place: int, damage: bytes) -> None:
    content, length = binary_request()
    at = place % len(content)
    hurt = content[:at] + damage + content[at + len(damage) :]

    made = event("POST", INFER, hurt, headers={"inference-header-content-length": str(length)})

    assert refused_well(ROOM.ask(made))


@settings(max_examples=100, deadline=None)
@given(
    body=st.text(max_size=80), content_type=st.sampled_from(["", "text/csv", "application/json", "a;b=c;d"])
)
def test_no_text_makes_invocations_fail_with_500(body: str, content_type: str) -> None:
    content = body.encode(errors="replace")
    made = event("POST", INVOKE, content, headers={"content-type": content_type})
    assert base64.b64decode(made["body"]) == content

    assert refused_well(ROOM.ask(made))
