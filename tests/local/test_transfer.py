"""Moving in and out by the command: compared through the real client, killed in the middle, watched."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sluice.local.stack import StackStatus
from tests.local.command import SLUICE
from tests.local.conftest import ApiAs, FreshTenant
from tests.local.transfer_scene import client, contents, environment, fill, run

pytestmark = pytest.mark.filterwarnings("ignore")
LARGE_FILES = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "4000000",
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "10485760",
}
"""What docs/tracking.md tells users of this client."""


def killed(tenant: FreshTenant, *words: str) -> None:
    """The same, ended without warning when the first run is there."""
    command, quiet = [str(SLUICE), "tracking", *words], subprocess.DEVNULL
    begun = subprocess.Popen(command, env=environment(tenant), stdout=quiet, stderr=quiet)
    while not _some_runs(tenant) and begun.poll() is None:
        time.sleep(0.1)
    begun.kill()
    begun.wait()


def on_a_terminal(tenant: FreshTenant, *words: str) -> str:
    """The same before somebody's eyes: what the terminal was sent."""
    ours, theirs = pty.openpty()
    command, size = [str(SLUICE), "tracking", *words], {"TERM": "xterm", "COLUMNS": "100"}
    begun = subprocess.Popen(command, env=environment(tenant) | size, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as screen:  # it ends in an error, on Linux
        while more := screen.read(4096):
            seen += more
    assert begun.wait() == 0, seen.decode()
    return seen.decode()


@pytest.fixture
def tenants(stack: StackStatus, api_as: ApiAs) -> Callable[[], FreshTenant]:
    """More of them, each a server of its own."""

    def make() -> FreshTenant:
        made = api_as("admin").post("/sluice/v1/tenants", json={"name": f"t-{uuid.uuid4().hex[:16]}"}).json()
        return FreshTenant(made["name"], made["token"], stack.api_url)

    return make


def test_a_server_moves_in_killed_on_the_way_and_out_again(
    tenants: Callable[[], FreshTenant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in LARGE_FILES.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "up").mkdir()
    theirs, ours, third = tenants(), tenants(), tenants()
    fill(client(theirs.api_url, theirs.token), tmp_path / "up", children=1)
    before = contents(client(theirs.api_url, theirs.token), tmp_path / "before")
    source = ("import", "--from", theirs.api_url, "--token", theirs.token)

    killed(ours, *source)
    done = run(ours, *source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(client(ours.api_url, ours.token), tmp_path / "after") == before

    shown = on_a_terminal(ours, "export", "--to", third.api_url, "--token", third.token)
    assert re.search(r"runs .*2/2", shown), shown
    assert contents(client(third.api_url, third.token), tmp_path / "out") == before


@pytest.mark.long
def test_a_real_mlflow_server_moves_in_killed_on_the_way_and_out_again(
    mlflow_server: str, fresh_tenant: FreshTenant, tmp_path: Path
) -> None:
    (tmp_path / "up").mkdir()
    theirs = client(mlflow_server)
    fill(theirs, tmp_path / "up", children=3)
    before = contents(theirs, tmp_path / "before")

    killed(fresh_tenant, "import", "--from", mlflow_server)
    done = run(fresh_tenant, "import", "--from", mlflow_server)

    assert done.returncode == 0, done.stdout + done.stderr
    ours = client(fresh_tenant.api_url, fresh_tenant.token)
    assert contents(ours, tmp_path / "after") == before
    again = run(fresh_tenant, "import", "--from", mlflow_server, "--json")
    counts = json.loads(again.stdout)["counts"]
    assert all(one["created"] == one["updated"] == one["failed"] == 0 for one in counts), again.stdout

    theirs.rename_experiment(theirs.get_experiment_by_name("sweep").experiment_id, "moved")
    theirs.rename_registered_model("m", "moved")
    out = run(fresh_tenant, "export", "--to", mlflow_server)
    assert out.returncode == 0, out.stdout + out.stderr
    assert contents(client(mlflow_server), tmp_path / "out") == before


def _some_runs(tenant: FreshTenant) -> bool:
    with tenant.http as http:
        e = http.get("/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": "sweep"})
        if not e.is_success:
            return False
        asked = {"experiment_ids": [e.json()["experiment"]["experiment_id"]]}
        return len(http.post("/api/2.0/mlflow/runs/search", json=asked).json()["runs"]) > 0


def test_what_was_deleted_goes_for_good_by_the_command(fresh_tenant: FreshTenant) -> None:
    api = "/api/2.0/mlflow"
    with fresh_tenant.http as http:

        def post(path: str, **body: Any) -> Any:
            return http.post(f"{api}/{path}", json=body).json()

        made = post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
        path = f"/api/2.0/mlflow-artifacts/artifacts/0/{made}/artifacts/a.txt"
        http.put(path, content=b"a")
        post("runs/delete", run_id=made)

        assert "nothing" in run(fresh_tenant, "gc").stdout  # the deployment keeps it for a while
        assert "would remove 1 runs" in run(fresh_tenant, "gc", "--older-than", "0d", "--dry-run").stdout
        assert http.get(path).status_code == 200
        done = run(fresh_tenant, "gc", "--older-than", "0d")
        assert done.stdout.startswith("✓ removed 1 files, 1 runs"), done.stdout + done.stderr
        assert http.get(path).status_code == 404
        assert post("runs/restore", run_id=made)["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        assert run(fresh_tenant, "gc", "--older-than", "soon").returncode == 2
