"""An approval that nobody gave in time: the promotion ends as expired, and a late decision is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sluice.local.stack import StackStatus
from tests.local.conftest import ApiAs
from tests.local.jobs import V1, Job, code, csv, eventually, new_name, rows

SHORT = {
    "environments": [
        {"name": "staging", "approval": "auto"},
        {"name": "production", "approval": "one", "expires_hours": 0.001},
    ]
}


@pytest.mark.long
def test_an_approval_expires_and_is_refused_after_that(
    stack: StackStatus, aws: Callable[[str], Any], api_as: ApiAs
) -> None:
    # given a project whose approvals stay open for some seconds
    job = Job(new_name(), stack.data_bucket, aws("s3"), api_as("admin"), {"promotion": SHORT})
    job.push()
    job.upload("code", code())
    assert job.train(csv(rows()))["status"] == "succeeded"

    # when nobody decides
    def expired() -> Any:
        return next((each for each in job.list("promotions") if each["status"] == "expired"), None)

    promotion = eventually(expired, "the expiry of a promotion")

    # then it is too late, production serves nothing, and the version may be promoted again
    late = api_as("approver").post(
        f"{V1}/projects/{job.name}/promotions/{promotion['promotion_id']}/decisions",
        json={"decision": "approve"},
    )
    assert (late.status_code, late.headers["content-type"]) == (409, "application/problem+json")
    environments = {each["environment"] for each in job.list("endpoints")}
    assert environments == {"staging"}
    again = api_as("admin").post(f"{V1}/projects/{job.name}/promotions", json={"version": 1})
    assert (again.status_code, again.json()["promotion_id"] != promotion["promotion_id"]) == (201, True)
