"""Nothing of a tenant can be reached from another, by any door; and a deleted one is gone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluice.local.stack import StackStatus
from tests.local.command import Command
from tests.local.conftest import FreshTenant

MLFLOW, FILES = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def other(fresh_tenant: FreshTenant) -> Iterator[httpx.Client]:
    with fresh_tenant.http as http:
        yield http


@pytest.fixture
def mine(api_as: Callable[[str], httpx.Client]) -> dict[str, Any]:
    """Something of every kind in the operating tenant: what another tenant will ask for."""
    http, name = api_as("contributor"), f"secret-{uuid.uuid4().hex[:8]}"

    def post(path: str, **body: Any) -> Any:
        answer = http.post(f"{MLFLOW}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    experiment = post("experiments/create", name=name)["experiment_id"]
    run = post("runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    post("runs/log-metric", run_id=run, key="m", value=1, timestamp=1)
    path = f"{FILES}/{experiment}/{run}/artifacts/a.txt"
    assert http.put(path, content=b"secret").status_code == 200
    model = post("logged-models", experiment_id=experiment, name="m", source_run_id=run)["model"]["info"]
    post("registered-models/create", name=name)
    post("model-versions/create", name=name, source=f"runs:/{run}/a.txt", run_id=run)
    post("registered-models/alias", name=name, alias="champion", version="1")
    post("runs/create", experiment_id=experiment)
    page = post("runs/search", experiment_ids=[experiment], max_results=1)
    return {
        "name": name,
        "experiment": experiment,
        "run": run,
        "model": model["model_id"],
        "file": path,
        "page_token": page["next_page_token"],
    }


def test_a_fresh_tenant_sees_an_empty_server(other: httpx.Client, mine: dict[str, Any]) -> None:
    found = other.post(f"{MLFLOW}/experiments/search", json={"max_results": 10, "view_type": "ALL"}).json()
    assert [(one["experiment_id"], one["name"]) for one in found["experiments"]] == [("0", "Default")]
    assert other.get(f"{MLFLOW}/registered-models/search").json()["registered_models"] == []
    assert other.get(FILES, params={"path": ""}).json()["files"] == []
    for path in ("projects", "projects/_platform/audit"):
        assert other.get(f"/sluice/v1/{path}").json()["items"] == []
    principals = [one["principal"] for one in other.get("/sluice/v1/tokens").json()["items"]]
    assert principals == ["local-admin"]


def test_nothing_of_another_tenant_is_reached_by_its_id(other: httpx.Client, mine: dict[str, Any]) -> None:
    run, model, name, e = mine["run"], mine["model"], mine["name"], mine["experiment"]
    reads: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"{MLFLOW}/experiments/get", {"params": {"experiment_id": e}}),
        ("GET", f"{MLFLOW}/experiments/get-by-name", {"params": {"experiment_name": name}}),
        ("GET", f"{MLFLOW}/runs/get", {"params": {"run_id": run}}),
        ("GET", f"{MLFLOW}/artifacts/list", {"params": {"run_id": run}}),
        ("GET", "/get-artifact", {"params": {"run_id": run, "path": "a.txt"}}),
        ("GET", f"{MLFLOW}/logged-models/{model}", {}),
        ("GET", f"{MLFLOW}/registered-models/get", {"params": {"name": name}}),
        ("GET", f"{MLFLOW}/model-versions/get", {"params": {"name": name, "version": "1"}}),
        ("GET", f"{MLFLOW}/model-versions/get-download-uri", {"params": {"name": name, "version": "1"}}),
        ("GET", mine["file"], {}),
        ("GET", mine["file"].replace("/artifacts/", "/presigned/", 1), {}),
        (
            "POST",
            f"{MLFLOW}/runs/log-metric",
            {"json": {"run_id": run, "key": "m", "value": 2, "timestamp": 2}},
        ),
        ("POST", f"{MLFLOW}/runs/delete", {"json": {"run_id": run}}),
        ("POST", f"{MLFLOW}/runs/create", {"json": {"experiment_id": e}}),
        ("POST", f"{MLFLOW}/experiments/delete", {"json": {"experiment_id": e}}),
        ("DELETE", f"{MLFLOW}/registered-models/delete", {"json": {"name": name}}),
        ("GET", "/sluice/v1/projects/credit", {}),
        ("GET", f"/v2/models/{name}", {}),
        ("GET", "/sluice/v1/predictions/01936b2e-0000-7000-8000-000000000001.0", {}),
    ]
    reached = [
        (method, path, answer.status_code)
        for method, path, options in reads
        if (answer := other.request(method, path, **options)).status_code not in {403, 404}
    ]
    assert reached == []
    # As on MLflow's server, a run that is not there has no points.
    asked = {"run_id": run, "metric_key": "m"}
    assert other.get(f"{MLFLOW}/metrics/get-history", params=asked).json() == {"metrics": []}
    assert "runs" not in _searched(other, e) or _searched(other, e)["runs"] == []
    assert other.get(FILES, params={"path": f"{e}/{run}/artifacts"}).json()["files"] == []
    for path in (f"../default/{e}", f"..%2Fdefault%2F{e}/{run}/artifacts/a.txt"):
        assert other.get(f"{FILES}/{path}").status_code in {400, 404}


def test_page_tokens_locations_and_addresses_of_others_open_nothing(
    other: httpx.Client, mine: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    asked = {"experiment_ids": [mine["experiment"]], "max_results": 1, "page_token": mine["page_token"]}
    answer = other.post(f"{MLFLOW}/runs/search", json=asked)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    buckets = [one["Name"] for one in aws("s3").list_buckets()["Buckets"] if "artifacts" in one["Name"]]
    for bucket in buckets:
        location = f"s3://{bucket}/default/{mine['experiment']}"
        made = other.post(
            f"{MLFLOW}/experiments/create",
            json={"name": uuid.uuid4().hex, "artifact_location": location},
        )
        if made.status_code != 200:
            continue
        e = made.json()["experiment_id"]
        run = other.post(f"{MLFLOW}/runs/create", json={"experiment_id": e}).json()["run"]["info"]["run_id"]
        listed = other.get(f"{MLFLOW}/artifacts/list", params={"run_id": run})
        assert (listed.status_code, listed.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_tenant_is_made_listed_and_deleted_by_the_command(
    stack: StackStatus, tmp_path: Path, aws: Callable[[str], Any], mine: dict[str, Any]
) -> None:
    sluice, name = Command(stack.profile, tmp_path), f"t-{uuid.uuid4().hex[:8]}"
    token = sluice.done("tenant", "create", name).strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=35) as http:
        run = http.post(f"{MLFLOW}/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"]
        http.put(f"{FILES}/0/{run}/artifacts/a.txt", content=b"a")
    assert name in sluice.done("tenant", "list")

    sluice.done("tenant", "delete", name, "--yes")

    bucket = next(one["Name"] for one in aws("s3").list_buckets()["Buckets"] if "artifacts" in one["Name"])

    def left() -> list[Any]:
        shown = next(one for one in sluice("tenant", "list", "--json").json if one["name"] == name)
        gone = shown["removed"].get("tokens", 0) and shown["removed"].get("runs", 0)
        found = aws("s3").list_object_versions(Bucket=bucket, Prefix=f"{name}/").get("Versions", [])
        return found or ([] if gone else [shown])

    ends = time.monotonic() + 300
    while left() and time.monotonic() < ends:
        time.sleep(2)
    assert left() == []
    again = sluice("tenant", "create", name)
    assert (again.code, "not given out again" in again.err) == (1, True)


def _searched(http: httpx.Client, experiment_id: str) -> Any:
    return http.post(f"{MLFLOW}/runs/search", json={"experiment_ids": [experiment_id]}).json()
