"""Many at once on one run and one model: processes of the real client, and writers as fast as they can."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.local.conftest import FreshTenant

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.long]

CLIENT = """
import sys
import mlflow
from mlflow.entities import Metric

run, name, worker = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = mlflow.MlflowClient()
for turn in range(5):
    steps = [worker * 1000 + turn * 100 + step for step in range(100)]
    client.log_batch(run, [Metric("shared", step, step, step) for step in steps])
    client.log_metric(run, "single", turn, step=worker * 10 + turn)
    client.log_param(run, f"p{worker}-{turn}", turn)
    client.set_tag(run, f"t{worker}", turn)
    version = client.create_model_version(name, f"runs:/{run}/model", run).version
    client.set_registered_model_alias(name, f"alias-{turn}", version)
"""


@pytest.fixture
def client(fresh_tenant: FreshTenant, monkeypatch: pytest.MonkeyPatch) -> Any:
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", fresh_tenant.api_url)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", fresh_tenant.token)
    return mlflow.MlflowClient()


def test_eight_client_processes_lose_no_point_and_no_number(client: Any) -> None:
    name = f"m-{uuid.uuid4().hex[:8]}"
    run = client.create_run("0").info.run_id
    client.create_registered_model(name)

    # None of them repeats anything: what is refused once is an error.
    environment = {**os.environ, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CLIENT, run, name, str(worker)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for worker in range(8)
    ]
    told = [worker.communicate(timeout=900)[1] for worker in workers]

    assert [worker.returncode for worker in workers] == [0] * 8, "\n".join(told)
    steps = [point.step for point in client.get_metric_history(run, "shared")]
    assert sorted(steps) == [worker * 1000 + step for worker in range(8) for step in range(500)]
    assert len(client.get_metric_history(run, "single")) == 40
    read = client.get_run(run).data
    assert read.metrics == {"shared": 7499.0, "single": 4.0}
    assert len(read.params) == 40
    assert {f"t{worker}": "4" for worker in range(8)}.items() <= read.tags.items()
    numbers = sorted(int(one.version) for one in client.search_model_versions(f"name = '{name}'"))
    assert numbers == list(range(1, 41))
    assert set(client.get_registered_model(name).aliases) == {f"alias-{turn}" for turn in range(5)}


def test_sixteen_writers_on_one_run_lose_no_point(client: Any, fresh_tenant: FreshTenant) -> None:
    run = client.create_run("0").info.run_id

    def write(writer: int) -> list[int]:
        answers = []
        with fresh_tenant.http as http:
            for turn in range(12):
                # In turn: one for the tail, some for the tail, chunks of few series, chunks of many.
                count, keys = [(1, 1), (10, 2), (100, 5), (60, 60)][turn % 4]
                points = [
                    {
                        "key": f"k{number % keys}",
                        "value": number,
                        "timestamp": writer * 12 + turn,
                        "step": writer * 100_000 + turn * 1000 + number,
                    }
                    for number in range(count)
                ]
                body = {"run_id": run, "metrics": points, "tags": [{"key": f"w{writer}", "value": str(turn)}]}
                answers.append(http.post("/api/2.0/mlflow/runs/log-batch", json=body).status_code)
        return answers

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = [status for each in pool.map(write, range(16)) for status in each]

    assert set(answers) == {200}
    counts = {key: len(client.get_metric_history(run, key)) for key in ("k0", "k1", "k4", "k59")}
    assert counts == {"k0": 16 * 3 * 27, "k1": 16 * 3 * 26, "k4": 16 * 3 * 21, "k59": 16 * 3}
    assert len(client.get_run(run).data.metrics) == 60


PRESIGNED = """
import pathlib, sys
import mlflow

assert mlflow.__version__ == "3.18.0", mlflow.__version__
large = pathlib.Path(sys.argv[1])
with mlflow.start_run() as run:
    mlflow.log_artifact(str(large), "files")
down = mlflow.artifacts.download_artifacts(
    run_id=run.info.run_id, artifact_path="files/large.bin", dst_path=sys.argv[2]
)
assert pathlib.Path(down).read_bytes() == large.read_bytes()
"""


def test_a_client_from_3_18_uploads_a_large_file_without_being_told_how(client: Any, tmp_path: Path) -> None:
    """Its package alone, over the dependencies of the release that tests run on."""
    wheel = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path / "newer")]
    got = subprocess.run([*wheel, "mlflow==3.18.0"], capture_output=True, text=True, check=False)
    if got.returncode:
        pytest.skip(f"the package index has no mlflow 3.18.0: {got.stderr[-200:]}")
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(12_000_000))
    (tmp_path / "down").mkdir()

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRESIGNED, str(large), str(tmp_path / "down")],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "newer")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
