"""MLflow's protocol at the door: forms, errors, pages, and who sees what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.track_runs.door import Door
from functions.track_runs.routes import routes_of
from tests.stores.tracking.scenes import Client, refused


def test_a_run_comes_back_as_mlflow_shapes_it(client: Client, experiment: str, run_id: str) -> None:
    client.post("runs/log-metric", run_id=run_id, key="auc", value=0.5, timestamp=1, step=2)
    client.post("runs/log-metric", run_uuid=run_id, key="nan", value="NaN", timestamp=1)
    client.post("runs/log-parameter", run_id=run_id, key="depth", value="3")
    client.post("runs/update", run_id=run_id, status="FINISHED", end_time=9, run_name="renamed")
    run = client.get("runs/get", run_id=run_id).json["run"]
    info = run["info"]
    assert (info["run_name"], info["status"], info["start_time"], info["end_time"]) == (
        "renamed",
        "FINISHED",
        5,
        9,
    )
    assert info["artifact_uri"] == f"mlflow-artifacts:/{experiment}/{run_id}/artifacts"
    assert run["data"]["metrics"] == [
        {"key": "auc", "value": 0.5, "timestamp": 1, "step": 2},
        {"key": "nan", "value": "NaN", "timestamp": 1, "step": 0},
    ]
    assert run["data"]["params"] == [{"key": "depth", "value": "3"}]
    assert {"key": "mlflow.runName", "value": "renamed"} in run["data"]["tags"]


def test_the_web_ui_has_the_same_routes(client: Client, experiment: str) -> None:
    answer = client.send("GET", "/ajax-api/2.0/mlflow/experiments/get", query={"experiment_id": experiment})
    assert answer.json["experiment"]["name"] == "credit"
    asked = {"gateway_path": "api/2.0/endpoints/"}
    answer = client.send("GET", "/ajax-api/2.0/mlflow/gateway-proxy", query=asked)
    assert (answer.status, answer.json) == (200, {"endpoints": []}), "or the page shows an error"


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/2.0/mlflow/nothing", "GET"),
        ("/api/2.0/mlflow/runs/create", "GET"),
        ("/api/2.0/mlflow/traces/search", "POST"),
        ("/ajax-api/3.0/mlflow/scorers/list", "GET"),
        ("/api/2.0/mlflow/gateway/endpoints/list", "GET"),
    ],
)
def test_what_is_not_there_is_no_endpoint(client: Client, path: str, method: str) -> None:
    refused(client.send(method, path), 404, "ENDPOINT_NOT_FOUND")


@pytest.mark.parametrize("body", [b"{", b"[]", b"3", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object(client: Client, body: bytes) -> None:
    refused(client.send("POST", "runs/create", body, kind="application/octet-stream"), 400, "BAD_REQUEST")


def test_unknown_fields_are_read_over_and_missing_ones_named(client: Client, run_id: str) -> None:
    assert client.post("runs/set-tag", run_id=run_id, key="a", value="b", shiny="new").status == 200
    assert "'run_id'" in refused(client.get("runs/get"))
    assert "'key'" in refused(client.post("runs/log-metric", run_id=run_id, value=1, timestamp=1))
    refused(client.get("runs/get", run_id="f" * 32), 404, "RESOURCE_DOES_NOT_EXIST")
    refused(client.get("runs/get", run_id="../x"))


def test_a_search_sees_what_was_written_a_moment_ago(client: Client, experiment: str, run_id: str) -> None:
    def found(text: str, **more: Any) -> list[str]:
        answer = client.post("runs/search", experiment_ids=[experiment], filter=text, **more)
        return [run["info"]["run_id"] for run in answer.json["runs"]]

    assert found("metrics.auc > 0.5") == []
    client.post("runs/log-metric", run_id=run_id, key="auc", value=0.8, timestamp=1)
    assert found("metrics.auc > 0.5") == [run_id]
    client.post("runs/log-parameter", run_id=run_id, key="long", value="x" * 5000)
    assert found(f"params.long = '{'x' * 5000}'") == [run_id]
    assert found("params.long LIKE 'x%x'") == [run_id]
    client.post("runs/delete", run_id=run_id)
    assert found("metrics.auc > 0.5") == []
    assert found("metrics.auc > 0.5", run_view_type="DELETED_ONLY") == [run_id]
    client.post("runs/restore", run_id=run_id)
    client.post("experiments/delete", experiment_id=experiment)
    assert found("metrics.auc > 0.5") == []
    assert client.get("runs/get", run_id=run_id).json["run"]["info"]["lifecycle_stage"] == "deleted"
    wrong = client.post("runs/search", experiment_ids=[experiment], filter="metrics.a = 'x'")
    assert "at character 13" in refused(wrong)


def test_histories_whole_in_pages_and_evenly_spaced(client: Client, run_id: str) -> None:
    points = [{"key": "m", "value": number, "timestamp": number, "step": number} for number in range(100)]
    client.post("runs/log-batch", run_id=run_id, metrics=points)
    whole = client.get("metrics/get-history", run_id=run_id, metric_key="m").json["metrics"]
    assert [point["step"] for point in whole] == list(range(100))
    page = client.get("metrics/get-history", run_id=run_id, metric_key="m", max_results=60).json
    rest = client.get(
        "metrics/get-history",
        run_id=run_id,
        metric_key="m",
        max_results=60,
        page_token=page["next_page_token"],
    ).json
    assert page["metrics"] + rest["metrics"] == whole
    some = client.get(
        "metrics/get-history-bulk-interval", run_ids=[run_id], metric_key="m", max_results=5, start_step=10
    ).json["metrics"]
    assert [point["step"] for point in some] == [10, 32, 54, 77, 99]
    assert {point["run_id"] for point in some} == {run_id}


def test_a_large_answer_is_compressed_where_that_is_read(client: Client, run_id: str) -> None:
    for batch in range(3):
        client.post(
            "runs/log-batch",
            run_id=run_id,
            metrics=[{"key": "m", "value": n, "timestamp": n, "step": batch} for n in range(1000)],
        )
    import gzip

    client.headers["accept-encoding"] = "gzip, deflate"
    answer = client.get("metrics/get-history", run_id=run_id, metric_key="m")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.content))["metrics"]) == 3000


def test_tenants_have_an_empty_server_each(client: Client, experiment: str, run_id: str) -> None:
    stranger = Client(client.door, tenant="other")
    found = stranger.get("experiments/search").json["experiments"]
    assert [(one["experiment_id"], one["name"]) for one in found] == [("0", "Default")]
    refused(stranger.get("experiments/get", experiment_id=experiment), 404, "RESOURCE_DOES_NOT_EXIST")
    refused(stranger.get("runs/get", run_id=run_id), 404, "RESOURCE_DOES_NOT_EXIST")
    assert stranger.post("runs/search", experiment_ids=[experiment]).json["runs"] == []
    client.send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/a.txt", b"x")
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/a.txt"
    assert client.send("GET", path).content == b"x"
    refused(stranger.send("GET", path), 404, "RESOURCE_DOES_NOT_EXIST")


def test_who_may_only_read_cannot_write(door: Door, client: Client, experiment: str) -> None:
    viewer = Client(door, roles="viewer")
    assert viewer.get("experiments/get", experiment_id=experiment).status == 200
    refused(viewer.post("runs/create", experiment_id=experiment), 403, "PERMISSION_DENIED")
    refused(viewer.post("registered-models/create", name="x"), 403, "PERMISSION_DENIED")
    refused(Client(door, roles="invoker").get("experiments/search"), 403, "PERMISSION_DENIED")


def test_a_token_for_a_project_reaches_that_project_only(
    door: Door, client: Client, experiment: str, run_id: str
) -> None:
    client.post("registered-models/create", name="credit")
    other = str(client.post("experiments/create", name="marketing").json["experiment_id"])
    other_run = client.post("runs/create", experiment_id=other).json["run"]["info"]["run_id"]
    bound = Client(door, projects="credit")
    assert bound.get("runs/get", run_id=run_id).status == 200
    assert bound.post("runs/set-tag", run_id=run_id, key="a", value="b").status == 200
    assert [one["name"] for one in bound.get("experiments/search").json["experiments"]] == ["credit"]
    assert bound.get("registered-models/get", name="credit").status == 200
    version = {"name": "credit", "source": f"runs:/{run_id}/model", "run_id": run_id}
    assert bound.post("model-versions/create", **version).status == 200
    asked = {"operationName": "GetRun", "variables": {"data": {"runId": run_id}}}
    assert bound.send("POST", "/graphql", json.dumps(asked).encode()).status == 200
    for answer in (
        bound.get("runs/get", run_id=other_run),
        bound.post("runs/search", experiment_ids=[experiment, other]),
        bound.post("runs/log-metric", run_id=other_run, key="m", value=1, timestamp=1),
        bound.get("registered-models/get", name="marketing"),
        bound.get("metrics/get-history", run_id=other_run, metric_key="m"),
        bound.send("GET", f"/api/2.0/mlflow-artifacts/artifacts/{other}/{other_run}/artifacts/x"),
        bound.send("GET", "/api/2.0/mlflow-artifacts/artifacts", query={"path": f"{other}/{other_run}"}),
        bound.send("GET", "/get-artifact", query={"run_id": other_run, "path": "x"}),
        bound.post("experiments/update", experiment_id=experiment, new_name="marketing-2"),
        bound.post("experiments/create", name="mine"),
        bound.post("registered-models/rename", name="credit", new_name="loans"),
        bound.post("model-versions/create", name="credit", source=f"runs:/{other_run}/m", run_id=other_run),
        bound.post("model-versions/create", name="credit", source="models:/marketing/1"),
        bound.send(
            "POST",
            "/graphql",
            json.dumps({"operationName": "GetRun", "variables": {"data": {"runId": other_run}}}).encode(),
        ),
    ):
        refused(answer, 403, "PERMISSION_DENIED")


def test_nothing_unforeseen_leaves_the_door(client: Client) -> None:
    """Every route with nothing in it: a refusal in MLflow's form, never a 500."""
    for route in (*routes_of(models=False), *routes_of(models=True)):
        for method in route.methods.split():
            path = route.path if route.path.startswith("/") else f"/api/2.0/{route.path}"
            path = path.replace("{path}", "x").replace("{model_id}", "m-x").replace("{tag_key}", "k")
            answer = client.send(method, path, b"{}" if method != "GET" else b"")
            assert answer.status < 500, (method, path, answer.content)
