"""Each function works by its grants and by nothing else: take one away and that one thing fails."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from sluice.local.session import client_config, root_session
from sluice.local.stack import StackStatus, up

PROJECTS = "/sluice/v1/projects"


@pytest.fixture
def own_stack(own_profile: str) -> StackStatus:
    return up(own_profile)


def test_a_grant_taken_away_is_missed_and_its_return_is_enough(own_stack: StackStatus) -> None:
    api, iam = _api(own_stack), _iam(own_stack)
    assert api.get(PROJECTS).status_code == 200

    with _without(iam, "ManagePlatformRole", "dynamodb:Query"):
        refused = api.get(PROJECTS)

    assert refused.status_code >= 500
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert "AccessDenied" not in refused.text, "what went wrong inside is for the log"
    assert api.get(PROJECTS).status_code == 200
    api.close()


def test_a_training_function_s_own_role_reaches_no_table_and_no_bucket(stack: StackStatus) -> None:
    iam = _iam(stack)

    for room in ("TrainModelRole", "RunProjectTestsRole"):
        name, policy, document = _policy(iam, room)
        allowed = {action for s in document["Statement"] for action in _listed(s["Action"])}
        assert {action.split(":")[0] for action in allowed} == {"logs", "sts"}, (name, policy)


@contextmanager
def _without(iam: Any, role: str, action: str) -> Iterator[None]:
    """The role without one action on anything, for a while."""
    name, policy, document = _policy(iam, role)
    less = [
        {**statement, "Action": [each for each in _listed(statement["Action"]) if each != action]}
        for statement in document["Statement"]
    ]
    _put(iam, name, policy, {**document, "Statement": less})
    try:
        yield
    finally:
        _put(iam, name, policy, document)


def _policy(iam: Any, role: str) -> tuple[str, str, dict[str, Any]]:
    """Name, policy and document of the one role whose name has `role` in it."""
    pages = iam.get_paginator("list_roles").paginate()
    name = next(each["RoleName"] for page in pages for each in page["Roles"] if role in each["RoleName"])
    policy = iam.list_role_policies(RoleName=name)["PolicyNames"][0]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    return name, policy, document


def _put(iam: Any, role: str, policy: str, document: dict[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _iam(stack: StackStatus) -> Any:
    return root_session().client("iam", endpoint_url=stack.aws_endpoint_url, config=client_config())


def _api(stack: StackStatus) -> httpx.Client:
    headers = {"authorization": f"Bearer {stack.tokens['admin']}"}
    return httpx.Client(base_url=stack.api_url, headers=headers, timeout=35)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
