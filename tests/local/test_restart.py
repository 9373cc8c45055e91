"""Stopping, killing and starting again: what comes back, what is said, and that nothing is swallowed."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sluice.local.emulator import find_running, write_snapshot
from sluice.local.profile import profile_named
from sluice.local.session import client_config, root_session
from sluice.local.stack import StackStatus, down, status, up

Client = Callable[[str], Any]


@pytest.mark.long
def test_a_stopped_stack_comes_back_as_it_was(own_profile: str) -> None:
    # given a stack with an item and an object
    first = up(own_profile)
    _put_item(first, "kept")
    _aws(first, "s3").put_object(Bucket=first.data_bucket, Key="projects/p/notes/kept", Body=b"kept")

    # when it is stopped and started
    down(own_profile)
    assert status(own_profile).state == "stopped"
    again = up(own_profile)

    # then nothing is lost, nothing is said, and the addresses and tokens are the same
    assert again.warnings == ()
    assert (again.api_url, again.tokens) == (first.api_url, first.tokens)
    assert _items(again) == {"kept"}
    kept = _aws(again, "s3").get_object(Bucket=again.data_bucket, Key="projects/p/notes/kept")
    assert kept["Body"].read() == b"kept"
    assert _me(again).status_code == 200


@pytest.mark.long
def test_a_killed_stack_comes_back_as_of_its_last_snapshot_and_says_so(own_profile: str) -> None:
    # given a stack whose state was written before its last writes
    first = up(own_profile)
    _put_item(first, "early")
    running = find_running(profile_named(own_profile))
    assert running is not None
    write_snapshot(running)
    time.sleep(1)
    _put_item(first, "late")
    _aws(first, "s3").put_object(Bucket=first.data_bucket, Key="projects/p/notes/late", Body=b"late")

    # when it is killed and started
    os.kill(running.pid, signal.SIGKILL)
    again = up(own_profile)

    # then the snapshot is back, objects are never behind it, and the difference is told
    assert _items(again) == {"early"}
    assert _aws(again, "s3").head_object(Bucket=again.data_bucket, Key="projects/p/notes/late")
    killed, newer = again.warnings
    assert killed.startswith("The embedded AWS was killed. Tables are as of ")
    assert newer.startswith("1 object(s) in S3 are newer than the tables")
    assert _me(again).status_code == 200
    # and a clean end after it has nothing to say
    down(own_profile)
    assert up(own_profile).warnings == ()


@pytest.mark.long
def test_a_running_stack_is_left_alone_by_up(own_profile: str) -> None:
    first = up(own_profile)
    before = find_running(profile_named(own_profile))

    again = up(own_profile)

    assert find_running(profile_named(own_profile)) == before
    assert again.seconds["deploy"] < 5
    assert again.tokens == first.tokens


@pytest.mark.long
def test_what_the_stream_s_reader_had_not_had_comes_after_a_restart(own_profile: str) -> None:
    # given a ledger item that was written just before the end
    first = up(own_profile)
    _put_item(first, "last words", table="ledger")
    down(own_profile)

    # when the stack starts again
    again = up(own_profile)

    # then archive_predictions gets it, and gets what is written next
    assert _wait_for_log(own_profile, "ArchivePredictions", "processed 1 DynamoDB stream records")
    _put_item(again, "first words", table="ledger")
    assert _wait_for_log(own_profile, "ArchivePredictions", "processed 1 DynamoDB stream records", times=2)


def _aws(stack: StackStatus, service: str) -> Any:
    return root_session().client(service, endpoint_url=stack.aws_endpoint_url, config=client_config())


def _table(stack: StackStatus, role: str) -> str:
    parameter = _aws(stack, "ssm").get_parameter(Name=f"/sluice/dev/{role}-table")
    return str(parameter["Parameter"]["Value"])


def _put_item(stack: StackStatus, name: str, table: str = "tracking") -> None:
    item = {"pk": {"S": "default#restart"}, "sk": {"S": name}}
    _aws(stack, "dynamodb").put_item(TableName=_table(stack, table), Item=item)


def _items(stack: StackStatus, table: str = "tracking") -> set[str]:
    found = _aws(stack, "dynamodb").query(
        TableName=_table(stack, table),
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "default#restart"}},
    )
    return {item["sk"]["S"] for item in found["Items"]}


def _me(stack: StackStatus) -> httpx.Response:
    headers = {"authorization": f"Bearer {stack.tokens['viewer']}"}
    return httpx.get(f"{stack.api_url}/sluice/v1/me", headers=headers, timeout=35)


def _wait_for_log(profile: str, *words: str, times: int = 1) -> bool:
    """Whether the emulator's log has that many lines with all of the words, within half a minute."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        lines = profile_named(profile).log.read_text(errors="replace").splitlines()
        if sum(all(word in line for word in words) for line in lines) >= times:
            return True
        time.sleep(0.2)
    return False
