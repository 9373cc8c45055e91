"""The API client against a deployment made of answers."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sluice.client.api import Api
from sluice.client.connection import Connection, connect
from sluice.client.errors import NotConfigured, NotReachable, NotThere, Refused, Unauthorized
from sluice.client.scoring import Row, RowInvalid, infer
from sluice.client.transport import Transport

Answer = Callable[[httpx.Request], httpx.Response]
HERE = Connection("http://here", {"viewer": "slc_token", "contributor": "slc_other"})


def a_transport(answer: Answer, role: str = "viewer") -> tuple[Transport, list[float]]:
    """A transport to a deployment that gives this answer, and the pauses it makes."""
    pauses: list[float] = []
    http = httpx.Client(transport=httpx.MockTransport(answer))
    return Transport(HERE, role, http=http, sleep=pauses.append), pauses


def test_the_token_of_the_role_is_presented() -> None:
    transport, _ = a_transport(lambda request: httpx.Response(200, json=dict(request.headers)), "contributor")
    assert transport.get("/x")["authorization"] == "Bearer slc_other"


def test_not_now_is_asked_again_with_the_same_key() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["idempotency-key"])
        return httpx.Response(503 if len(seen) < 3 else 201, json={"done": True})

    transport, pauses = a_transport(answer)
    assert transport.post("/x", {}) == {"done": True}
    assert len(set(seen)) == 1
    assert len(pauses) == 2


def test_a_lost_answer_is_asked_for_again() -> None:
    tries: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        if len(tries) == 1:
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(200, json={})

    transport, _ = a_transport(answer)
    assert transport.get("/x") == {}


def test_a_function_that_came_to_no_answer_is_asked_again_where_asking_changes_nothing() -> None:
    answers = [httpx.Response(500, json={"message": "Internal Server Error"}), httpx.Response(200, json={})]

    transport, pauses = a_transport(lambda _: answers.pop(0))
    assert transport.get("/bundle") == {}
    assert len(pauses) == 1


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", {"message": "Internal Server Error"}), ("GET", {"code": "internal", "detail": "a fault"})],
)
def test_other_faults_are_told_at_once(method: str, body: dict[str, str]) -> None:
    transport, pauses = a_transport(lambda _: httpx.Response(500, json=body))

    with pytest.raises(Refused):
        transport.request(method, "/x")
    assert pauses == []


def test_a_lost_answer_to_what_has_no_key_is_not_asked_for_again() -> None:
    tries: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise httpx.ReadTimeout("lost", request=request)

    transport, _ = a_transport(answer)
    with pytest.raises(NotReachable):
        transport.request("POST", "/v2/models/credit/infer", json={})
    assert len(tries) == 1


def test_patience_ends() -> None:
    transport, pauses = a_transport(
        lambda _: httpx.Response(503, json={"title": "Try again", "detail": "busy"})
    )
    with pytest.raises(Refused, match="Try again: busy"):
        transport.get("/x")
    assert len(pauses) == 4


def test_where_nothing_answers_it_says_so_at_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    transport, pauses = a_transport(answer)
    with pytest.raises(NotReachable, match="nothing answers at http://here"):
        transport.get("/x")
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (404, {"title": "Not found", "detail": "no project x"}, NotThere, "Not found: no project x"),
        (403, {"title": "Not allowed", "detail": "needs approver"}, Unauthorized, "needs approver"),
        (401, {"message": "Unauthorized"}, Unauthorized, "HTTP 401: Unauthorized"),
        (400, {"error": "no such input"}, Refused, "no such input"),
        (400, {"error_code": "BAD_REQUEST", "message": "expected records"}, Refused, "expected records"),
    ],
)
def test_each_protocol_s_refusal_is_understood(
    status: int, body: object, kind: type[Refused], text: str
) -> None:
    transport, _ = a_transport(lambda _: httpx.Response(status, json=body))
    with pytest.raises(kind, match=text):
        transport.get("/x")


def test_a_refusal_that_is_no_json_is_shown() -> None:
    transport, _ = a_transport(lambda _: httpx.Response(500, text="oops"))
    with pytest.raises(Refused, match="oops"):
        transport.get("/x")


def test_lists_are_followed_page_by_page() -> None:
    pages = {
        "": {"items": [{"n": 1}, {"n": 2}], "next_page_token": "t"},
        "t": {"items": [{"n": 3}], "next_page_token": None},
    }
    transport, _ = a_transport(lambda r: httpx.Response(200, json=pages[r.url.params.get("page_token", "")]))
    assert [item["n"] for item in Api(transport).of("p", "trainings")] == [1, 2, 3]


def test_a_limit_ends_a_list() -> None:
    transport, _ = a_transport(
        lambda _: httpx.Response(200, json={"items": [{"n": 1}, {"n": 2}], "next_page_token": "more"})
    )
    assert [item["n"] for item in Api(transport).of("p", "trainings", limit=3)] == [1, 2, 1]


def test_rows_become_one_tensor_a_column() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        outputs = [
            {
                "name": "probability",
                "shape": [2, 2],
                "data": [0.9, 0.1, 0.2, 0.8],
                "parameters": {"classes": "0,1"},
            },
            {"name": "label", "shape": [2], "data": ["0", "1"]},
        ]
        body = {"model_version": "3", "outputs": outputs, "asked": request.content.decode()}
        return httpx.Response(200, json=body, headers={"x-sluice-request-id": "r"})

    transport, _ = a_transport(answer)
    inputs = {"age": "INT64", "pay": "FP64", "job": "BYTES"}
    rows: list[Row] = [
        {"age": "41", "pay": None, "job": None, "more": 1},
        {"age": 30, "pay": "2.5", "job": "cook"},
    ]
    scored = infer(transport, "credit", inputs, rows)
    assert scored.prediction_ids == ("r.0", "r.1")
    assert scored.outputs == {"probability": [[0.9, 0.1], [0.2, 0.8]], "label": ["0", "1"]}
    assert (scored.model_version, scored.classes) == ("3", ("0", "1"))


@pytest.mark.parametrize(
    ("row", "message"),
    [({}, "row 1 has no 'age'"), ({"age": "old"}, "row 1: age is 'old', which is no number")],
)
def test_a_row_that_does_not_fit_is_named_before_anything_is_sent(row: dict[str, str], message: str) -> None:
    transport, _ = a_transport(lambda _: httpx.Response(500))
    with pytest.raises(RowInvalid, match=message):
        infer(transport, "credit", {"age": "INT64"}, [row])


def test_the_environment_names_a_deployment_elsewhere(tmp_path: Path) -> None:
    environment = {"SLUICE_API_URL": "https://cloud/", "SLUICE_TOKEN": "slc_x"}
    connection = connect("default", state=tmp_path, environment=environment)
    assert (connection.api_url, connection.token("approver")) == ("https://cloud", "slc_x")


def test_a_profile_that_does_not_run_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="sluice --profile demo up"):
        connect("demo", state=tmp_path, environment={})


def test_a_token_that_is_not_there_is_named(tmp_path: Path) -> None:
    connection = connect("default", state=tmp_path, environment={"SLUICE_API_URL": "https://cloud"})
    with pytest.raises(NotConfigured, match="no token with role approver"):
        connection.token("approver")
