"""A snapshot appears by itself after runs were logged, written under the role of its function alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.local.conftest import ApiAs


def test_runs_that_are_logged_get_into_a_snapshot(api_as: ApiAs, aws: Callable[[str], Any]) -> None:
    api, runs = api_as("contributor"), "/api/2.0/mlflow/runs"
    made = api.post("/api/2.0/mlflow/experiments/create", json={"name": f"snapshot-{time.time()}"}).json()
    experiment = made["experiment_id"]
    for number in range(3):
        run = api.post(f"{runs}/create", json={"experiment_id": experiment}).json()["run"]["info"]["run_id"]
        metric = {"run_id": run, "key": "auc", "value": number / 3, "timestamp": 1}
        assert api.post(f"{runs}/log-metric", json=metric).status_code == 200
    s3 = aws("s3")
    (bucket,) = (one["Name"] for one in s3.list_buckets()["Buckets"] if "artifacts" in one["Name"])

    deadline = time.monotonic() + 90
    found: list[Any] = []
    while not found and time.monotonic() < deadline:
        time.sleep(1)
        prefix = f".snapshots/default/{experiment}/"
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])

    assert found
    wanted = {"experiment_ids": [experiment], "filter": "metrics.auc > 0.5"}
    assert len(api.post(f"{runs}/search", json=wanted).json()["runs"]) == 1
