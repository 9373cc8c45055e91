"""What is moved from server to server by the tests of transfers: made, and looked at, by the real client."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.local.command import SLUICE
from tests.local.conftest import FreshTenant


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


def environment(tenant: FreshTenant) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    return kept | {"SLUICE_API_URL": tenant.api_url, "SLUICE_TOKEN": tenant.token}


def _own(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith("sluice.imported.")}
