"""One embedded AWS for all tests of a run, shared by its workers; and names for tests that need their own."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluice.local.session import client_config, root_session
from sluice.local.stack import StackStatus, reset, status, up
from tests.local.jobs import eventually

ApiAs = Callable[[str], httpx.Client]


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, testrun_uid: str, worker_id: str
) -> Iterator[StackStatus]:
    """The running stack; whoever comes first brings it up, whoever leaves last drops it."""
    alone = worker_id == "master"
    shared = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent
    profile = f"test-{testrun_uid[:8]}"
    with _users(shared) as users:
        found = status(profile)
        running = found if found.state == "running" and users else up(profile)
        users.append(worker_id)
    yield running
    with _users(shared) as users:
        users.remove(worker_id)
        if not users:
            reset(profile)


@pytest.fixture(scope="session")
def tokens(stack: StackStatus) -> dict[str, str]:
    """One API token for each role."""
    return stack.tokens


@pytest.fixture(scope="session")
def api_as(stack: StackStatus) -> Iterator[ApiAs]:
    """An HTTP client for the API in a role: `api_as("approver").get("/sluice/v1/me")`."""
    clients: dict[str, httpx.Client] = {}

    def client(role: str) -> httpx.Client:
        if role not in clients:
            headers = {"authorization": f"Bearer {stack.tokens[role]}"}
            clients[role] = httpx.Client(base_url=stack.api_url, headers=headers, timeout=35)
        return clients[role]

    yield client
    for each in clients.values():
        each.close()


@pytest.fixture(scope="session")
def anonymous(stack: StackStatus) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=35) as client:
        yield client


@dataclass(frozen=True)
class FreshTenant:
    """A tenant of one test: `token` is its administrator's, which may write to tracking and registry."""

    name: str
    token: str
    api_url: str

    @property
    def http(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.api_url, headers=headers, timeout=35)


@pytest.fixture
def fresh_tenant(stack: StackStatus, api_as: ApiAs) -> FreshTenant:
    """An empty server of its own for each test, made through the real door."""
    made = api_as("admin").post("/sluice/v1/tenants", json={"name": f"t-{uuid.uuid4().hex[:16]}"})
    assert made.status_code == 201, made.text
    return FreshTenant(made.json()["name"], made.json()["token"], stack.api_url)


@pytest.fixture(scope="session")
def aws(stack: StackStatus) -> Callable[[str], Any]:
    """A boto3 client of the emulated account's root: `aws("s3")`."""

    def client(service: str) -> Any:
        return root_session().client(service, endpoint_url=stack.aws_endpoint_url, config=client_config())

    return client


@pytest.fixture(scope="module")
def mlflow_settings(stack: StackStatus) -> Iterator[None]:
    """What a data scientist sets: where the server is, and a token."""
    given = {
        "MLFLOW_TRACKING_URI": stack.api_url,
        "MLFLOW_TRACKING_TOKEN": stack.tokens["contributor"],
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of MLflow's own server on SQLite, with its artifact proxy."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "files"), "--workers", "1"),
    ]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    settings["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # eight more processes, busy all the time
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", timeout=2).is_success
        except httpx.TransportError:
            return False

    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=settings, stdout=log, stderr=log, start_new_session=True
        )
        try:
            eventually(answers, "MLflow's own server", 120)
            yield url
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


@pytest.fixture
def own_profile(testrun_uid: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a profile that only this test uses; whatever it leaves running is dropped."""
    profile = f"test-{testrun_uid[:8]}-{abs(hash(request.node.nodeid)) % 10**6}"
    yield profile
    reset(profile)


@contextmanager
def _users(shared: Path) -> Iterator[list[str]]:
    """The workers that use the stack, read and written under a lock."""
    with (shared / "stack.users").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        users: list[str] = json.loads(file.read() or "[]")
        try:
            yield users
        finally:
            file.seek(0)
            file.truncate()
            file.write(json.dumps(users))
