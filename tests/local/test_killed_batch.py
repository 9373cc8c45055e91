"""A batch in the middle of which the stack is killed: once it is up again, each row gets one result."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from sluice.local import emulator
from sluice.local.profile import profile_named
from sluice.local.session import client_config, root_session
from sluice.local.stack import StackStatus, up
from tests.local.jobs import V1, eventually
from tests.local.test_batches import served_project, settings_of_batches
from tests.stores.batch.scene import as_csv, people

ROWS = 60_000


@pytest.mark.long
def test_a_killed_batch_ends_with_one_result_a_row(own_profile: str, opened: ExitStack) -> None:
    # given a batch of many parts, some of which are done
    stack = up(own_profile)
    aws, api = clients_of(opened, stack), api_of(opened, stack, "invoker")
    pusher = api_of(opened, stack, "contributor")
    project = served_project(pusher, aws, settings_of_batches(aws))
    content = as_csv(people(ROWS))
    wanted = {"filename": "people.csv", "size": len(content), "part_bytes": 1 << 16}
    ticket = api.post(f"{V1}/projects/{project}/batches", json=wanted).json()
    assert httpx.put(ticket["url"], content=content).status_code == 200
    one = f"{V1}/projects/{project}/batches/{ticket['batch_id']}"
    half = eventually(lambda: under_way(api, one), "the middle of a batch", 300)

    # when the stack is killed, with the tables as they were a moment ago, and started
    running = emulator.find_running(profile_named(own_profile))
    assert running is not None
    emulator.write_snapshot(running)
    eventually(lambda: api.get(one).json()["parts_done"] > half["parts_done"], "one more part")
    os.kill(running.pid, signal.SIGKILL)
    again = api_of(opened, up(own_profile), "invoker")

    # then it goes on to its end
    ended = eventually(
        lambda: found if (found := again.get(one).json())["ended_at"] else None, "its end", 600
    )
    assert (ended["status"], ended["scored"], ended["failed"]) == ("succeeded", ROWS, 0)
    assert ended["attempt"] > 1
    assert [int(row["row"]) for row in results(again, one)] == list(range(ROWS))


def under_way(api: httpx.Client, one: str) -> dict[str, Any] | None:
    found: dict[str, Any] = api.get(one).json()
    assert found["ended_at"] is None, found
    return found if found["parts"] and found["parts_done"] >= 3 else None


def results(api: httpx.Client, one: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    token: str | None = None
    while True:
        page = api.get(f"{one}/parts", params={"page_token": token} if token else {}).json()
        for part in page["items"]:
            for link in part["results"]:
                rows += csv.DictReader(io.StringIO(httpx.get(link["url"]).text, newline=""))
        if not (token := page["next_page_token"]):
            return rows


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def api_of(opened: ExitStack, stack: StackStatus, role: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {stack.tokens[role]}"}
    return opened.enter_context(httpx.Client(base_url=stack.api_url, headers=headers, timeout=35))


def clients_of(opened: ExitStack, stack: StackStatus) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        made = root_session().client(service, endpoint_url=stack.aws_endpoint_url, config=client_config())
        opened.callback(made.close)
        return made

    return client
