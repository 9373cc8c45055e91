"""What the door does for every route: bad input in the problem form, keys against repetition, sizes."""

from __future__ import annotations

import json

import pytest

from tests.stores.control_api.api import ADA, ROOT, Api
from tests.stores.control_api.test_projects import spec


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{not json", 400, "bad_request"),
        (b"\xff\xfe", 400, "bad_request"),
        (b"[1]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"", 422, "invalid"),
        (b'{"spec": {}, "speck": 1}', 422, "invalid"),
        (b'{"spec": "text"}', 422, "invalid"),
        (b'{"spec": {"name": "\\ud800"}}', 400, "bad_request"),
        (b'{"spec": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "bad_request"),
        (b'{"spec": {"name": NaN}}', 422, "invalid"),
        (b'"' + b"x" * 5_600_000 + b'"', 413, "too_large"),
    ],
)
def test_bad_bodies_are_problems(api: Api, body: bytes, status: int, code: str) -> None:
    api.post("/projects", body).problem(status, code)


def test_an_unknown_field_is_named(api: Api) -> None:
    problem = api.post("/projects", {"spec": spec(), "specs": 1}).problem(422, "invalid")

    assert problem["errors"] == [
        {
            "path": "specs",
            "value": "1",
            "expected": "no such field",
            "message": "Extra inputs are not permitted",
        }
    ]


def test_unknown_addresses_methods_and_parameters_are_problems(api: Api) -> None:
    api.get("/nowhere").problem(404, "not_found")
    problem = api.send("PUT", "/projects", ADA).problem(405, "method_not_allowed")
    assert "GET, POST" in problem["detail"]
    api.get("/projects", colour="red").problem(400, "bad_request")
    api.get("/projects/credit/versions/first").problem(400, "bad_request")
    api.get("/projects/credit/models/0").problem(400, "bad_request")
    api.get("/projects/" + "x" * 500).problem(404, "not_found")


def test_a_store_that_fails_tells_the_log_and_not_the_caller(api: Api) -> None:
    api.platform.environment["PLATFORM_TABLE"] = "gone"  # type: ignore[index] # a dict in tests

    problem = api.get("/projects/credit").problem(500, "internal")

    assert "gone" not in json.dumps(problem)
    assert "ResourceNotFound" not in json.dumps(problem)


def test_the_correlation_id_of_a_caller_comes_back_and_goes_into_the_audit(api: Api) -> None:
    answer = api.post("/projects", {"spec": spec()}, x_correlation_id="order-66")

    assert answer.headers["x-correlation-id"] == "order-66"
    assert api.get("/projects/credit/audit", ROOT).ok()["items"][0]["correlation_id"] == "order-66"


def test_a_repeated_request_is_answered_again_and_not_done_again(api: Api) -> None:
    first = api.post("/tokens", {"principal": "bot", "roles": ["invoker"]}, ROOT, idempotency_key="k-1")
    again = api.post("/tokens", {"principal": "bot", "roles": ["invoker"]}, ROOT, idempotency_key="k-1")

    assert first.body["token"].startswith("slc_default_")
    assert (again.status, again.body) == (201, {**first.body, "token": None}), "a secret is not kept"
    assert len(api.get("/tokens", ROOT).ok()["items"]) == 1


def test_a_key_is_one_request_of_one_caller(api: Api) -> None:
    api.post("/projects", {"spec": spec()}, idempotency_key="k").ok()

    api.post("/projects", {"spec": spec(purpose="x")}, idempotency_key="k").problem(
        422, "idempotency_key_reused"
    )
    assert api.post("/projects", {"spec": spec("beta")}, ROOT, idempotency_key="k").status == 201
    api.post("/projects", {"spec": spec()}, idempotency_key="not printable\n").problem(400, "bad_request")


def test_a_failed_request_may_be_tried_again_with_its_key(api: Api) -> None:
    body = {"kind": "data", "filename": "a.csv", "size": 10}
    api.post("/projects/credit/uploads", body, idempotency_key="k").problem(404, "not_found")
    api.post("/projects", {"spec": spec()}).ok()

    assert api.post("/projects/credit/uploads", body, idempotency_key="k").status == 201


def test_a_request_that_died_frees_its_key_after_a_minute(api: Api) -> None:
    keys = api.platform.idempotency
    keys.begin("default", "ada", "k", "request")
    with pytest.raises(Exception, match="has not ended"):
        keys.begin("default", "ada", "k", "request")

    api.platform.pass_time(seconds=61)

    assert keys.begin("default", "ada", "k", "request").replay is None
    with pytest.raises(Exception, match="has not ended"):
        keys.begin("default", "ada", "k", "request")


def test_health_is_open_and_costs_nothing(api: Api) -> None:
    assert api.get("/health", None).ok() == {"status": "ok"}


def test_me_says_who_one_is(api: Api) -> None:
    me = api.get("/me", ADA).ok()

    assert (me["principal"], me["roles"], me["projects"]) == ("ada", ["contributor"], ["*"])
    assert "project.push" in me["actions"]
    assert "promotion.decide" not in me["actions"]
