"""What doors share: who calls, how large, which status, one line in the log."""

import base64
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sluice.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    IntegrityError,
    Invalid,
    NotFound,
    Reason,
    SluiceError,
    TooLarge,
    Unavailable,
)
from sluice.web.caller import Unauthenticated, read_caller
from sluice.web.limits import read_body, within
from sluice.web.observability import correlation_of, logger, note, observed
from sluice.web.problems import BadRequest, InFlight, KeyReused, problem_of, reasons_of


def authorized(**context: str) -> dict[str, Any]:
    return {"requestContext": {"authorizer": {"lambda": context}}}


def test_the_caller_is_what_the_authorizer_said() -> None:
    caller = read_caller(
        authorized(
            tenant="default", principal="ada", roles="viewer,approver", projects="credit,loans", token_id="t"
        )
    )

    assert caller.principal == "ada"
    assert caller.roles == {"viewer", "approver"}
    assert caller.sees("loans")
    assert not caller.sees("fraud")
    assert not caller.sees_all


@pytest.mark.parametrize(
    "event", [{}, {"requestContext": {"authorizer": None}}, authorized(tenant="default")]
)
def test_without_an_authorizer_there_is_no_caller(event: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        read_caller(event)


def test_bodies_are_decoded_and_measured() -> None:
    assert read_body({"body": "é"}) == "é".encode()
    assert read_body({}) == b""
    encoded = {"body": base64.b64encode(b"\x00\xff").decode(), "isBase64Encoded": True}
    assert read_body(encoded) == b"\x00\xff"
    with pytest.raises(BadRequest):
        read_body({"body": "?", "isBase64Encoded": True})
    with pytest.raises(TooLarge):
        read_body({"body": "x" * 11}, limit=10)
    with pytest.raises(TooLarge):
        read_body({"body": "x" * 5_500_001})
    with pytest.raises(TooLarge):
        read_body({"body": base64.b64encode(b"x" * 4_500_001).decode(), "isBase64Encoded": True})
    assert within(b"12", 2) == b"12"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unauthenticated("x"), 401, "unauthenticated"),
        (Forbidden("x"), 403, "forbidden"),
        (NotFound("x"), 404, "not_found"),
        (InFlight("x"), 409, "in_flight"),
        (AlreadyExists("x"), 409, "already_exists"),
        (Conflict("x"), 409, "conflict"),
        (TooLarge("x"), 413, "too_large"),
        (BadRequest("x"), 400, "bad_request"),
        (KeyReused("x"), 422, "idempotency_key_reused"),
        (Invalid("x"), 422, "invalid"),
        (IntegrityError("x"), 500, "corrupt"),
        (Unavailable("x"), 503, "unavailable"),
    ],
)
def test_every_error_has_a_status_and_keeps_its_words(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)

    assert (problem.status, problem.code, problem.detail) == (status, code, "x")


def test_every_kind_of_error_of_the_domain_is_in_the_table() -> None:
    kinds = {kind for each in SluiceError.__subclasses__() for kind in (each, *each.__subclasses__())}

    assert {kind.__name__ for kind in kinds if problem_of(kind("x")).code == "internal"} == set()


def test_what_nobody_foresaw_keeps_its_words_to_itself() -> None:
    body = problem_of(RuntimeError("password=1")).body("corr")

    assert (body["status"], body["code"], body["correlation_id"]) == (500, "internal", "corr")
    assert "password" not in json.dumps(body)


def test_reasons_go_into_the_body() -> None:
    body = problem_of(Invalid("no", [Reason("a.b", "wrong", "1", "2")])).body("c")

    assert body["errors"] == [{"path": "a.b", "value": "1", "expected": "2", "message": "wrong"}]


def test_pydantics_findings_become_reasons() -> None:
    class Form(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        size: int = Field(le=5)
        name: str

    with pytest.raises(ValidationError) as caught:
        Form.model_validate({"size": 7, "nam": "x" * 100})

    reasons = {reason.path: reason for reason in reasons_of(caught.value)}
    assert (reasons["size"].value, reasons["size"].expected) == ("7", "le: 5")
    assert reasons["name"].value is None
    assert reasons["nam"].expected == "no such field"
    assert len(reasons["nam"].value or "") == 80


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(logger().registered_handler, "stream", stream)
    return stream


def test_an_invocation_leaves_one_access_line(log: io.StringIO) -> None:
    @observed
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        note(route="GET /x")
        return {"statusCode": 204}

    event = {
        "rawPath": "/x",
        "headers": {"x-correlation-id": "corr-1"},
        "requestContext": {"requestId": "r", "http": {"method": "GET"}},
    }
    handler(event, None)
    handler(event, None)

    first, second = lines(log)
    assert first["message"] == "access"
    assert (first["status"], first["route"], first["path"]) == (204, "GET /x", "/x")
    assert first["correlation_id"] == "corr-1"
    assert first["milliseconds"] >= 0
    assert (first["cold"], second["cold"]) == (True, False)


def test_an_exception_is_logged_and_goes_on(log: io.StringIO) -> None:
    @observed
    def handler(event: dict[str, Any], context: Any) -> None:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        handler({"batch_id": "b-1", "step": "score", "correlation_id": "c-1"}, None)

    trace, access = lines(log)
    assert (trace["message"], trace["exception_name"]) == ("unforeseen", "ValueError")
    assert access["outcome"] == "raised"
    for line in (trace, access):  # either is found by the record that it is about
        assert (line["batch_id"], line["step"], line["correlation_id"]) == ("b-1", "score", "c-1")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"headers": {"x-correlation-id": "abc"}}, "abc"),
        ({"headers": {"x-correlation-id": "a b\n"}, "requestContext": {"requestId": "r"}}, "r"),
        ({"headers": None, "detail": {"correlation_id": "d"}}, "d"),
        ({"detail": "text", "correlation_id": "e"}, "e"),
        ({}, "lambda-1"),
    ],
)
def test_the_correlation_id_comes_from_the_nearest_cause(event: dict[str, Any], expected: str) -> None:
    assert correlation_of(event, SimpleNamespace(aws_request_id="lambda-1")) == expected
