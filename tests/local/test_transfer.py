"""Moving in and out by the command: compared through the real client, killed in the middle, watched."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluice.local.stack import StackStatus
from tests.local.command import SLUICE
from tests.local.conftest import ApiAs, FreshTenant

pytestmark = pytest.mark.filterwarnings("ignore")
LARGE_FILES = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "4000000",
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "10485760",
}
"""What docs/tracking.md tells users of this client."""


@pytest.fixture(scope="module")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's own server on SQLite, files proxied."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "files"), "--workers", "1"),
    ]
    log = (folder / "log").open("w")
    server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                break
        except httpx.TransportError:
            time.sleep(0.5)
    yield url
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)
    log.close()


def client(url: str, token: str = "") -> Any:
    from mlflow import MlflowClient

    os.environ.pop("MLFLOW_TRACKING_TOKEN", None)
    if token:
        os.environ["MLFLOW_TRACKING_TOKEN"] = token
    return MlflowClient(tracking_uri=url, registry_uri=url)


def fill(server: Any, folder: Path, children: int) -> None:
    """A nested sweep with histories, a dataset, files (one of several megabytes), and a registered model."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    e = server.create_experiment("sweep", tags={"team": "risk"})
    parent = server.create_run(e, run_name="parent", start_time=1_000)
    for number in range(children):
        run = server.create_run(
            e,
            run_name=f"child-{number}",
            start_time=2_000 + number,
            tags={"mlflow.parentRunId": parent.info.run_id},
        )
        run_id = run.info.run_id
        metrics = [Metric("loss", step / 3, step, step) for step in range(700)]
        server.log_batch(run_id, metrics, [Param("c", "ü" * 500)], [RunTag("note", "x")])
        server.log_metric(run_id, "odd", float("nan"), timestamp=7)
        dataset = Dataset("rows", f"digest{number}", "local", "here", schema="{}")
        server.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
        (folder / "large.bin").write_bytes(os.urandom(5_500_000))
        (folder / "a b ü.txt").write_text("odd")
        server.log_artifacts(run_id, str(folder), "files")
        server.set_terminated(run_id, "FAILED" if number == 1 else "FINISHED", end_time=9_000)
    server.create_registered_model("m", tags={"a": "b"}, description="words")
    for _ in range(3):
        source = f"{server.get_run(run_id).info.artifact_uri}/files"
        server.create_model_version("m", source, run_id, description="d")
    server.delete_model_version("m", "2")
    server.set_registered_model_alias("m", "champion", "3")


def contents(server: Any, folder: Path) -> Any:
    """What the client sees, without ids."""
    from mlflow import artifacts

    e = server.get_experiment_by_name("sweep")
    runs = {run.info.run_id: run for run in server.search_runs([e.experiment_id])}
    names = {run_id: run.info.run_name for run_id, run in runs.items()}
    found: dict[str, Any] = {"tags": _own(e.tags)}
    for run in runs.values():
        tags = _own(run.data.tags)
        tags["mlflow.parentRunId"] = names.get(tags.get("mlflow.parentRunId", ""), "")
        files = {}
        if server.list_artifacts(run.info.run_id):
            down = folder / run.info.run_id
            down.mkdir(parents=True, exist_ok=True)
            artifacts.download_artifacts(
                run_id=run.info.run_id, dst_path=str(down), tracking_uri=server.tracking_uri
            )
            files = {str(p.relative_to(down)): hash(p.read_bytes()) for p in down.rglob("*") if p.is_file()}
        found[run.info.run_name] = {
            "info": (run.info.status, run.info.start_time, run.info.end_time),
            "params": run.data.params,
            "tags": tags,
            "history": {
                key: [
                    (m.step, m.timestamp, str(m.value))
                    for m in server.get_metric_history(run.info.run_id, key)
                ]
                for key in sorted(run.data.metrics)
            },
            "inputs": [
                (i.dataset.name, i.dataset.digest, i.dataset.schema, [(t.key, t.value) for t in i.tags])
                for i in run.inputs.dataset_inputs
            ],
            "files": files,
        }
    model = server.get_registered_model("m")
    found["m"] = (model.description, model.tags, model.aliases)
    found["versions"] = sorted(
        (v.version, v.description, names[v.run_id], v.source.rsplit("/", 1)[-1])
        for v in server.search_model_versions("name = 'm'")
    )
    return found


def run(tenant: FreshTenant, *words: str) -> subprocess.CompletedProcess[str]:
    command, given = [str(SLUICE), "tracking", *words], environment(tenant)
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=240, check=False)


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


def environment(tenant: FreshTenant) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    return kept | {"SLUICE_API_URL": tenant.api_url, "SLUICE_TOKEN": tenant.token}


def _own(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith("sluice.imported.")}


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
