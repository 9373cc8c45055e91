"""The unmodified MLflow client against the deployed stack, as a data scientist uses it."""

from __future__ import annotations

import concurrent.futures
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from tests.local.jobs import eventually

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("mlflow_settings")]

ApiAs = Callable[[str], httpx.Client]


@pytest.fixture
def name() -> str:
    return f"e-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def experiment(name: str) -> str:
    import mlflow

    return str(mlflow.set_experiment(name).experiment_id)


def test_a_nested_sweep_by_autologging_is_compared_and_the_best_found(experiment: str) -> None:
    import mlflow
    from sklearn.linear_model import LogisticRegression

    x = np.linspace(-1, 1, 80).reshape(-1, 1)
    y = (x[:, 0] > 0.1).astype(int)
    mlflow.sklearn.autolog(log_models=False, silent=True)
    try:
        with mlflow.start_run(run_name="sweep") as parent:
            for c in (0.001, 1.0, 100.0):
                with mlflow.start_run(nested=True, run_name=f"c={c}"):
                    model = LogisticRegression(C=c).fit(x, y)
                    mlflow.log_metric("held_out", model.score(x, y))
    finally:
        mlflow.sklearn.autolog(disable=True)
    children = mlflow.search_runs(
        [experiment],
        filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}' AND metrics.held_out > 0.5",
        order_by=["metrics.held_out DESC", "params.C ASC"],
    )
    assert len(children) == 3
    assert list(children["metrics.held_out"]) == sorted(children["metrics.held_out"], reverse=True)
    assert set(children["params.C"]) == {"0.001", "1.0", "100.0"}
    assert children["metrics.training_accuracy_score"].notna().all()


def test_a_model_is_logged_registered_aliased_loaded_and_asked(experiment: str, name: str) -> None:
    import mlflow
    from sklearn.linear_model import LogisticRegression

    client = mlflow.MlflowClient()
    x = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    with mlflow.start_run() as run:
        model = LogisticRegression().fit(x, [0, 0, 1, 1])
        signature = mlflow.models.infer_signature(x, model.predict(x))
        logged = mlflow.sklearn.log_model(
            model, name="model", signature=signature, input_example=x.head(1), registered_model_name=name
        )
        mlflow.log_metric("auc", 0.9, model_id=logged.model_id)
    client.set_registered_model_alias(name, "champion", "1")
    version = client.get_model_version_by_alias(name, "champion")
    assert (version.version, version.run_id, version.aliases) == ("1", run.info.run_id, ["champion"])
    loaded = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    assert list(loaded.predict(x)) == [0, 0, 1, 1]
    assert loaded.metadata.signature == signature
    again = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    assert again.version == "2"
    assert [one.version for one in client.search_model_versions(f"name = '{name}'")] == ["2", "1"]
    assert [one.version for one in client.search_model_versions(f"run_id = '{run.info.run_id}'")] == [
        "2",
        "1",
    ]
    found = mlflow.search_logged_models([experiment], "metrics.auc > 0.5", output_format="list")
    assert [one.model_id for one in found] == [logged.model_id]
    # Server and client both note the version there, as with MLflow's own server.
    assert name in found[0].tags["mlflow.modelVersions"]
    assert [one.name for one in client.search_registered_models(f"name = '{name}'")] == [name]


def test_a_version_cannot_claim_what_belongs_to_another_run(experiment: str, name: str) -> None:
    import mlflow
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    client.create_registered_model(name)
    mine, other = client.create_run(experiment), client.create_run(experiment)
    for source in (
        f"runs:/{other.info.run_id}/model",
        f"{other.info.artifact_uri}/model",
        f"{mine.info.artifact_uri}/../../{other.info.run_id}/artifacts/model",
        "/etc/passwd",
    ):
        with pytest.raises(MlflowException, match=r"[Ii]nvalid"):
            client.create_model_version(name, source, run_id=mine.info.run_id)
    made = client.create_model_version(name, f"{mine.info.artifact_uri}/model", run_id=mine.info.run_id)
    assert made.version == "1"


def test_the_machine_is_measured_while_a_run_goes_on(experiment: str) -> None:
    import mlflow

    mlflow.config.set_system_metrics_sampling_interval(0.2)  # type: ignore[no-untyped-call]
    with mlflow.start_run(log_system_metrics=True) as run:
        client = mlflow.MlflowClient()
        wanted = "system/cpu_utilization_percentage"

        def measured() -> bool:
            return len(client.get_metric_history(run.info.run_id, wanted)) > 2

        eventually(measured, "three measurements of the machine")
    read = client.get_run(run.info.run_id).data.metrics
    assert read["system/system_memory_usage_megabytes"] > 0
    assert 0 < read["system/disk_usage_percentage"] <= 100
    found = mlflow.search_runs([experiment], "metrics.`system/system_memory_usage_megabytes` > 0")
    assert list(found["run_id"]) == [run.info.run_id]


def test_datasets_come_back(experiment: str) -> None:
    import mlflow

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    data: Any = mlflow.data
    with mlflow.start_run() as run:
        mlflow.log_input(data.from_pandas(frame, name="applicants", targets="y"), context="training")
    read: Any = mlflow.get_run(run.info.run_id)
    (given,) = read.inputs.dataset_inputs
    assert (given.dataset.name, given.tags[0].value) == ("applicants", "training")
    assert "mlflow_colspec" in given.dataset.schema
    found = mlflow.search_runs([experiment], "datasets.name = 'applicants' AND datasets.context = 'training'")
    assert list(found["run_id"]) == [run.info.run_id]


def test_nested_artifacts_go_up_and_come_down(experiment: str, tmp_path: Path) -> None:
    import mlflow

    folder = tmp_path / "up"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a b ü.txt").write_text("odd")
    (folder / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)) * 8_000)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folder), "out")
        mlflow.log_dict({"a": 1}, "top.json")
    client = mlflow.MlflowClient()
    assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["out", "top.json"]
    assert [(one.path, one.is_dir) for one in client.list_artifacts(run.info.run_id, "out")] == [
        ("out/a b ü.txt", False),
        ("out/deep", True),
    ]
    down = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path / "down")))
    assert (down / "out" / "a b ü.txt").read_text() == "odd"
    # Over 1 MB: the client followed a link to S3.
    assert (down / "out" / "deep" / "er" / "b.bin").read_bytes() == bytes(range(256)) * 8_000


def test_large_uploads_name_the_way_out_and_go_that_way(
    experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(12_000_000))
    with mlflow.start_run() as run:
        with pytest.raises(Exception, match="MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"):
            mlflow.log_artifact(str(large))
        monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "4000000")
        monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", "5500000")
        mlflow.log_artifact(str(large), "files")
    (tmp_path / "down").mkdir()
    down = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="files/large.bin", dst_path=str(tmp_path / "down")
    )
    assert Path(down).read_bytes() == large.read_bytes()


def test_asynchronous_logging_loses_nothing(experiment: str) -> None:
    import mlflow

    with mlflow.start_run() as run:
        for step in range(60):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({"a": 1}, synchronous=False)
        mlflow.flush_async_logging()
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "m")
    assert [point.step for point in history] == list(range(60))
    assert mlflow.get_run(run.info.run_id).data.params == {"a": "1"}


def test_experiments_are_renamed_deleted_and_restored(name: str) -> None:
    import mlflow
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    made = client.create_experiment(name, tags={"team": "risk"})
    run = client.create_run(made)
    client.rename_experiment(made, f"{name}-2")
    assert client.get_experiment_by_name(name) is None
    assert client.get_experiment(made).tags["team"] == "risk"
    client.delete_experiment(made)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    found = client.search_experiments(ViewType.DELETED_ONLY, filter_string=f"name ILIKE '{name.upper()}%'")
    assert [one.experiment_id for one in found] == [made]
    with pytest.raises(MlflowException, match="deleted state"):
        client.create_experiment(f"{name}-2")
    client.restore_experiment(made)
    client.delete_run(run.info.run_id)
    with pytest.raises(MlflowException, match="'active' state"):
        client.log_metric(run.info.run_id, "m", 1)
    client.restore_run(run.info.run_id)
    client.log_metric(run.info.run_id, "m", 1)
    assert client.get_run(run.info.run_id).data.metrics == {"m": 1.0}


def test_models_are_renamed_described_searched_and_deleted(name: str) -> None:
    import mlflow
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    client.create_registered_model(name, tags={"team": name}, description="first")
    client.update_registered_model(name, description="second")
    client.rename_registered_model(name, f"{name}-2")
    (found,) = client.search_registered_models(f"tags.team = '{name}'")
    assert (found.name, found.description) == (f"{name}-2", "second")
    client.delete_registered_model(f"{name}-2")
    with pytest.raises(MlflowException, match="not found"):
        client.get_registered_model(f"{name}-2")
    with pytest.raises(MlflowException, match="alias"):
        client.get_model_version_by_alias(f"{name}-2", "a b")


def test_eight_clients_lose_no_point_and_no_number(experiment: str, name: str) -> None:
    import mlflow

    client = mlflow.MlflowClient()
    run_id = client.create_run(experiment).info.run_id
    client.create_registered_model(name)

    def work(worker: int) -> None:
        for step in range(10):
            client.log_metric(run_id, "shared", worker * 100 + step, step=worker * 100 + step)
        client.log_param(run_id, f"p{worker}", worker)
        client.set_tag(run_id, f"t{worker}", worker)
        made = client.create_model_version(name, f"runs:/{run_id}/model", run_id=run_id)
        client.set_registered_model_alias(name, f"alias-{worker % 5}", made.version)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    read = client.get_run(run_id)
    assert len(client.get_metric_history(run_id, "shared")) == 80
    assert read.data.metrics["shared"] == 709
    assert read.data.params == {f"p{worker}": str(worker) for worker in range(8)}
    assert {f"t{worker}" for worker in range(8)} <= read.data.tags.keys()
    numbers = sorted(int(one.version) for one in client.search_model_versions(f"name = '{name}'"))
    assert numbers == list(range(1, 9))
    assert set(client.get_registered_model(name).aliases) == {f"alias-{number}" for number in range(5)}


def test_a_viewer_reads_and_cannot_write(api_as: ApiAs, experiment: str) -> None:
    viewer = api_as("viewer")
    path = "/api/2.0/mlflow/experiments/get"
    assert viewer.get(path, params={"experiment_id": experiment}).status_code == 200
    refused = viewer.post("/api/2.0/mlflow/runs/create", json={"experiment_id": experiment})
    assert refused.status_code == 403
    assert refused.json()["error_code"] == "PERMISSION_DENIED"


def test_what_the_web_ui_asks_for(api_as: ApiAs, experiment: str, name: str) -> None:
    import mlflow

    with mlflow.start_run() as run:
        mlflow.log_metric("m", float("nan"))
        mlflow.log_text("hello", "notes/a.txt")
    api = api_as("viewer")
    asked = {"operationName": "GetRun", "variables": {"data": {"runId": run.info.run_id}}}
    told = api.post("/graphql", json=asked).json()["data"]["mlflowGetRun"]["run"]
    assert told["info"]["runUuid"] == run.info.run_id
    assert told["experiment"]["name"] == name
    assert told["data"]["metrics"][0]["value"] is None
    query = {"run_id": run.info.run_id, "path": "notes"}
    listed = api.get("/ajax-api/2.0/mlflow/artifacts/list", params=query).json()
    assert listed["files"] == [{"path": "notes/a.txt", "is_dir": False, "file_size": 5}]
    file = api.get("/get-artifact", params={"run_id": run.info.run_id, "path": "notes/a.txt"})
    assert (file.text, file.headers["content-type"].split(";")[0]) == ("hello", "text/plain")


def test_an_upload_nobody_began_is_not_found(api_as: ApiAs, experiment: str) -> None:
    root = f"/api/2.0/mlflow-artifacts/mpu/complete/{experiment}/files"
    body = {"path": "a.bin", "upload_id": "nobody", "parts": [{"part_number": 1, "etag": "x"}]}
    refused = api_as("contributor").post(root, json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
