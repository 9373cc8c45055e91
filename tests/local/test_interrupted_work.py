"""Work in the middle of which the stack is stopped, or killed: it goes on, and a person can still decide."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from sluice.local import emulator
from sluice.local.profile import profile_named
from sluice.local.session import client_config, root_session
from sluice.local.stack import StackStatus, down, up
from tests.local.jobs import V1, Job, code, csv, eventually, new_name, rows

JobOn = Callable[[StackStatus, str], Job]


@pytest.fixture
def job_on() -> Iterator[JobOn]:
    """A job on the stack as it answers now: its address stays, connections to it do not."""
    with ExitStack() as opened:

        def on(stack: StackStatus, name: str) -> Job:
            headers = {"authorization": f"Bearer {stack.tokens['admin']}"}
            api = opened.enter_context(httpx.Client(base_url=stack.api_url, headers=headers, timeout=35))
            s3 = root_session().client("s3", endpoint_url=stack.aws_endpoint_url, config=client_config())
            opened.callback(s3.close)
            return Job(name, stack.data_bucket, s3, api)

        yield on


def killed(profile: str, last_act: Callable[[], object]) -> StackStatus:
    """Ended without a word after a last act which the tables' snapshot of every half minute missed."""
    where = profile_named(profile)
    running = emulator.find_running(where)
    assert running is not None
    emulator.write_snapshot(running)
    last_act()
    os.kill(running.pid, signal.SIGKILL)
    return up(profile)


def approve(stack: StackStatus, job: Job, promotion_id: str) -> None:
    headers = {"authorization": f"Bearer {stack.tokens['approver']}"}
    path = f"{V1}/projects/{job.name}/promotions/{promotion_id}/decisions"
    answer = httpx.post(f"{stack.api_url}{path}", json={"decision": "approve"}, headers=headers, timeout=35)
    assert answer.status_code == 200, answer.text


@pytest.mark.long
def test_what_was_interrupted_goes_on(own_profile: str, job_on: JobOn) -> None:
    name = new_name()
    first = job_on(up(own_profile), name)
    first.push()
    first.upload("code", code())

    # when the stack is killed while a training runs
    upload = first.upload("data", csv(rows()))
    stack = killed(own_profile, lambda: None)
    assert stack.warnings
    job = job_on(stack, name)

    # then the training goes on to its end, and its promotion waits
    training = job.ended(upload["training_id"])
    assert (training["status"], training["attempt"] > 1) == ("succeeded", True), training
    before = job.waiting_promotion()

    # and when the stack stops, and is killed, while it waits
    down(own_profile)
    again = job_on(up(own_profile), name)
    stack = killed(own_profile, lambda: again.put("data", csv(rows()), "late.csv"))
    job = job_on(stack, name)

    # then it waits still, until the same time, and can be approved
    waiting = job.waiting_promotion()
    assert waiting["promotion_id"] == before["promotion_id"]
    assert waiting["expires_on"] == before["expires_on"]
    late = eventually(
        lambda: next((each for each in job.list("uploads") if each["key"].endswith("late.csv")), None),
        "the record of an upload whose event was lost",
    )
    assert (late["status"], late["duplicate_of"]) == ("duplicate", training["training_id"])
    approve(stack, job, waiting["promotion_id"])
    eventually(lambda: job.list("promotions")[0]["status"] == "completed", "the end of the promotion")
    endpoint = job.api.get(f"{V1}/projects/{name}/endpoints/production").json()
    assert endpoint["variants"][0]["model_version"] == 1
