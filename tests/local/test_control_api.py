"""The control API through the gateway: real tokens, real links, real events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

ApiAs = Callable[[str], httpx.Client]

V1 = "/sluice/v1"


@pytest.fixture
def project(api_as: ApiAs) -> str:
    """A pushed project of this test alone."""
    name = f"api-{uuid.uuid4().hex[:12]}"
    answer = api_as("contributor").post(f"{V1}/projects", json={"spec": spec(name)})
    assert answer.status_code == 201, answer.text
    return name


def spec(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "purpose": "Who pays back.",
        "owners": ["ann@example.org"],
        "contract": {
            "columns": [
                {"name": "age", "role": "feature", "dtype": "integer"},
                {"name": "bad", "role": "target", "dtype": "integer"},
            ],
            "size_limit_mb": 1,
        },
        "target": {"name": "bad", "positive": "1"},
        "training": {"entry": "train:train"},
        "evaluation": {"task": "binary"},
        **changes,
    }


def eventually(ask: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What `ask` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.3)
    return found


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    return body


def test_the_same_push_is_the_same_version(api_as: ApiAs, project: str) -> None:
    again = api_as("contributor").post(f"{V1}/projects", json={"spec": spec(project)})
    changed = api_as("contributor").post(f"{V1}/projects", json={"spec": spec(project, purpose="Other.")})

    assert (again.json()["version"], again.json()["unchanged"]) == (1, True)
    assert (changed.json()["version"], changed.json()["unchanged"]) == (2, False)
    shown = api_as("viewer").get(f"{V1}/projects/{project}").json()
    assert shown["spec"]["purpose"] == "Other."


def test_a_typo_in_project_yaml_is_named(api_as: ApiAs) -> None:
    wrong = spec("typo") | {"purpos": "x"}

    body = problem(api_as("contributor").post(f"{V1}/projects", json={"spec": wrong}), 422, "invalid")

    assert [error["path"] for error in body["errors"]] == ["purpos"]
    assert {"path", "value", "expected", "message"} == set(body["errors"][0])


def test_a_file_goes_up_by_link_and_its_sender_is_known(api_as: ApiAs, project: str) -> None:
    content = b"age,bad\n30,0\n40,1\n"
    body = {"kind": "data", "filename": "people.csv", "size": len(content)}
    link = api_as("contributor").post(
        f"{V1}/projects/{project}/uploads", json=body, headers={"x-correlation-id": f"corr-{project}"}
    )
    assert link.status_code == 201, link.text

    sent = httpx.put(link.json()["url"], content=content, headers=link.json()["headers"])

    assert sent.status_code == 200, sent.text
    address = f"{V1}/projects/{project}/uploads/{link.json()['upload_id']}"
    record = eventually(lambda: _when_settled(api_as("viewer").get(address)))
    assert record["requested_by"] == "local-contributor"
    assert record["authenticated"] is True
    assert record["correlation_id"] == f"corr-{project}"
    assert (record["status"], record["waiting_for"]) == ("waiting", "code")
    datasets = api_as("viewer").get(f"{V1}/projects/{project}/datasets").json()["items"]
    assert [each["ref"]["size"] for each in datasets] == [len(content)]
    waiting = {"upload_id": record["upload_id"]}
    problem(api_as("contributor").post(f"{V1}/projects/{project}/trainings", json=waiting), 409, "conflict")


def _when_settled(answer: httpx.Response) -> dict[str, Any] | None:
    record: dict[str, Any] = answer.json()
    return record if answer.status_code == 200 and record["status"] != "received" else None


def test_a_file_over_the_projects_limit_gets_no_link(api_as: ApiAs, project: str) -> None:
    body = {"kind": "data", "filename": "people.csv", "size": 1_000_001}

    answer = api_as("contributor").post(f"{V1}/projects/{project}/uploads", json=body)

    problem(answer, 413, "too_large")


def test_bad_requests_are_problems_and_the_next_one_is_served(api_as: ApiAs, project: str) -> None:
    client = api_as("contributor")
    as_json = {"content-type": "application/json"}

    problem(client.post(f"{V1}/projects", content=b"{broken", headers=as_json), 400, "bad_request")
    problem(client.post(f"{V1}/projects", content=b"\xff\x00", headers=as_json), 400, "bad_request")
    problem(client.post(f"{V1}/projects", json={"spec": spec(project), "x": 1}), 422, "invalid")
    problem(client.post(f"{V1}/projects", json={"spec": "x" * 5_600_000}), 413, "too_large")
    problem(client.get(f"{V1}/projects?colour=red"), 400, "bad_request")
    problem(client.get(f"{V1}/projects?page_token=AAAA"), 400, "bad_page_token")
    problem(client.get(f"{V1}/nowhere"), 404, "not_found")
    problem(client.put(f"{V1}/projects"), 405, "method_not_allowed")
    problem(client.get(f"{V1}/projects/{project}/trainings/none"), 404, "not_found")
    assert client.get(f"{V1}/projects/{project}").status_code == 200


def test_roles_decide_inside(api_as: ApiAs, project: str) -> None:
    address = f"{V1}/projects/{project}/promotions/none/decisions"

    for role in ("viewer", "contributor", "deployer", "invoker", "auditor", "admin"):
        problem(api_as(role).post(address, json={"decision": "approve"}), 403, "forbidden")
    problem(api_as("approver").post(address, json={"decision": "approve"}), 404, "not_found")
    problem(api_as("viewer").post(f"{V1}/projects", json={"spec": spec(project)}), 403, "forbidden")
    problem(api_as("viewer").get(f"{V1}/predictions/{uuid.uuid4()}.0"), 403, "forbidden")
    problem(api_as("auditor").get(f"{V1}/predictions/{uuid.uuid4()}.0"), 404, "not_found")


def test_a_repeated_post_is_done_once(api_as: ApiAs, project: str) -> None:
    key = {"idempotency-key": uuid.uuid4().hex}
    body = {"kind": "data", "filename": "a.csv", "size": 1}

    first = api_as("contributor").post(f"{V1}/projects/{project}/uploads", json=body, headers=key)
    again = api_as("contributor").post(f"{V1}/projects/{project}/uploads", json=body, headers=key)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()


def test_a_new_token_opens_its_projects_and_no_others(
    api_as: ApiAs, anonymous: httpx.Client, project: str
) -> None:
    body = {"principal": "robot", "roles": ["viewer"], "projects": [project], "expires_days": 1}
    issued = api_as("admin").post(f"{V1}/tokens", json=body)
    assert issued.status_code == 201, issued.text
    robot = {"authorization": f"Bearer {issued.json()['token']}"}

    mine = anonymous.get(f"{V1}/projects/{project}", headers=robot)
    seen = anonymous.get(f"{V1}/projects?limit=200", headers=robot).json()["items"]

    assert mine.status_code == 200
    assert {each["name"] for each in seen} <= {project}
    problem(anonymous.get(f"{V1}/projects/another", headers=robot), 403, "forbidden")
    problem(anonymous.get(f"{V1}/tokens", headers=robot), 403, "forbidden")
    revoked = api_as("admin").delete(f"{V1}/tokens/{issued.json()['token_id']}").json()
    assert revoked["revoked_at"]


def test_a_revoked_token_is_refused_at_once_where_no_cache_knows_it(
    api_as: ApiAs, anonymous: httpx.Client
) -> None:
    issued = api_as("admin").post(f"{V1}/tokens", json={"principal": "robot", "roles": ["viewer"]}).json()
    api_as("admin").delete(f"{V1}/tokens/{issued['token_id']}")

    answer = anonymous.get(f"{V1}/me", headers={"authorization": f"Bearer {issued['token']}"})

    assert answer.status_code == 403


def test_feedback_for_the_unknown_is_named_and_loses_nothing(api_as: ApiAs, project: str) -> None:
    unknown = f"{uuid.uuid4()}.0"
    items = [{"prediction_id": unknown, "label": "1"}, {"prediction_id": "nonsense", "label": "1"}]

    answer = api_as("invoker").post(f"{V1}/projects/{project}/feedback", json={"items": items})

    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 0
    assert {each["prediction_id"] for each in answer.json()["rejected"]} == {unknown, "nonsense"}


def test_what_was_done_is_in_the_audit(api_as: ApiAs, project: str) -> None:
    events = api_as("auditor").get(f"{V1}/projects/{project}/audit").json()["items"]
    verified = api_as("auditor").get(f"{V1}/projects/{project}/audit/verification").json()

    assert [(event["action"], event["actor"]) for event in events] == [("project.push", "local-contributor")]
    assert verified["holds"] is True


def test_the_api_describes_itself(api_as: ApiAs) -> None:
    described = api_as("invoker").get(f"{V1}/openapi.json").json()

    assert described["openapi"].startswith("3.1")
    assert f"{V1}/predictions/{{prediction_id}}" in described["paths"]
    assert len(json.dumps(described)) > 10_000
