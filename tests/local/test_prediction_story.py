"""How did they land on this score? Asked of the deployed function, under its own role."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cached_property
from typing import Any

import httpx
import pytest

from functions.manage_platform.platform import Platform
from sluice.domain.ids import new_id
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.items import Items
from tests.stores.control_api.scenes import scored

ApiAs = Callable[[str], httpx.Client]
Aws = Callable[[str], Any]


class RootPlatform(Platform):
    """The deployment's own tables and buckets, written by the account's root."""

    aws: Aws

    def _items(self, variable: str) -> Items:
        return Items(self.aws("dynamodb"), self.setting(variable))

    @cached_property
    def artefacts(self) -> ArtefactStore:
        names = {role: self.setting(f"{role.upper()}_BUCKET") for role in ("data", "artifacts", "archive")}
        return ArtefactStore(self.aws("s3"), names)  # type: ignore[arg-type] # the roles above are roles


@pytest.fixture
def platform(aws: Aws) -> Platform:
    functions = aws("lambda").list_functions()["Functions"]
    (ours,) = [each for each in functions if "ManagePlatform" in each["FunctionName"]]
    made = RootPlatform(ours["Environment"]["Variables"])
    vars(made)["aws"] = aws
    return made


@pytest.mark.parametrize("rows", [2, 60_000])
def test_one_call_tells_the_whole_story(api_as: ApiAs, platform: Platform, rows: int) -> None:
    project, request_id, promotion_id = f"story-{uuid.uuid4().hex[:12]}", new_id(), new_id()
    scored(platform, rows=rows, project=project, request_id=request_id, promotion_id=promotion_id)
    decision = f"/sluice/v1/projects/{project}/promotions/{promotion_id}/decisions"
    assert api_as("approver").post(decision, json={"decision": "approve"}).status_code == 200
    label = {"items": [{"prediction_id": f"{request_id}.1", "label": "1"}]}
    assert (
        api_as("invoker").post(f"/sluice/v1/projects/{project}/feedback", json=label).json()["accepted"] == 1
    )

    answer = api_as("invoker").get(f"/sluice/v1/predictions/{request_id}.1")

    assert answer.status_code == 200, answer.text
    story = answer.json()
    assert story["output"]["label"] == "1"
    assert story["approval"]["approved_by"] == ["local-approver"]
    assert story["dataset"]["version_id"]
    assert story["explanation"]["reasons"][0]["text"] == "The credit runs for long"
    assert story["feedback"]["label"] == "1"
    assert "sex" not in answer.text


def test_a_second_decision_meets_the_first_through_the_gateway(api_as: ApiAs, platform: Platform) -> None:
    project, promotion_id = f"story-{uuid.uuid4().hex[:12]}", new_id()
    scored(platform, project=project, request_id=new_id(), promotion_id=promotion_id)
    decision = f"/sluice/v1/projects/{project}/promotions/{promotion_id}/decisions"

    first = api_as("approver").post(decision, json={"decision": "reject", "comment": "no"})
    second = api_as("approver").post(decision, json={"decision": "approve"})

    assert first.json()["status"] == "rejected"
    assert second.status_code == 409
    assert "local-approver chose to reject" in second.json()["detail"]
