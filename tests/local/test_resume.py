"""Stopped or killed in the middle of a training or of an approval: the work goes on from its record."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sluice.local.emulator import find_running, write_snapshot
from sluice.local.profile import profile_named
from sluice.local.session import client_config, root_session
from sluice.local.stack import StackStatus, down, up
from tests.local.jobs import V1, Job, code, csv, eventually, new_name, rows


@pytest.fixture
def job(own_profile: str) -> Iterator[Job]:
    """A project with code on a stack of its own, and one client that stays the same over restarts."""
    stack = up(own_profile)
    s3 = root_session().client("s3", endpoint_url=stack.aws_endpoint_url, config=client_config())
    with httpx.Client(base_url=stack.api_url, headers=_bearer(stack, "admin"), timeout=35) as api:
        job = Job(new_name(), stack.data_bucket, s3, api)
        job.push()
        assert job.upload("code", code())["status"] == "accepted"
        yield job


def test_a_promotion_waits_again_and_a_training_goes_on(own_profile: str, job: Job) -> None:
    # given a promotion that waits for a person
    assert job.train(csv(rows()))["outcome"] == "first"
    waiting = job.waiting_promotion()

    # when the stack is stopped and started: it waits again, for the same decision, and can be approved
    down(own_profile)
    stack = up(own_profile)
    approved = job.api.post(
        f"{V1}/projects/{job.name}/promotions/{waiting['promotion_id']}/decisions",
        json={"decision": "approve", "comment": "after the restart"},
        headers=_bearer(stack, "approver"),
    )
    assert approved.status_code < 300, approved.text
    ended = eventually(lambda: _ended(job, waiting["promotion_id"]), "the end of the promotion")
    assert ended["status"] == "completed", ended
    # and without its first answer being lost, production serves
    endpoint = job.api.get(f"{V1}/projects/{job.name}/endpoints/production").json()
    assert endpoint["variants"][0]["model_version"] == 1

    # when the stack is killed in the middle of a training, whose record was written
    upload = job.upload("data", csv(rows(650)))
    training = eventually(lambda: _running(job, upload["training_id"]), "a training that runs")
    _kill(own_profile)
    again = up(own_profile)

    # then it is told, and the next attempt brings the training to its end
    assert again.warnings
    trained = job.ended(training["training_id"])
    assert trained["status"] == "succeeded", trained
    assert trained["attempt"] == training["attempt"] + 1


def _kill(profile: str) -> None:
    running = find_running(profile_named(profile))
    assert running is not None
    write_snapshot(running)
    os.kill(running.pid, signal.SIGKILL)


def _ended(job: Job, promotion_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] = job.api.get(f"{V1}/projects/{job.name}/promotions/{promotion_id}").json()
    return found if found["status"] not in {"running", "approved", "waiting_for_approval"} else None


def _running(job: Job, training_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] = job.api.get(f"{V1}/projects/{job.name}/trainings/{training_id}").json()
    return found if found["status"] == "running" else None


def _bearer(stack: StackStatus, role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {stack.tokens[role]}"}
