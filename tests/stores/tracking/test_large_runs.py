"""What docs/tables.md says of a run of 10,000 metric keys and of a metric of a million points."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.domain.tracking.entities import Point, Series
from sluice.stores.tracking import Tracking
from tests.stores.tracking.conftest import TABLE
from tests.stores.tracking.scenes import Client

pytestmark = pytest.mark.long


@pytest.fixture
def run_id(client: Client) -> str:
    return str(client.post("runs/create", experiment_id="0").json["run"]["info"]["run_id"])


def _items(dynamodb: Any, kind: str) -> list[int]:
    """The sizes, in bytes about, of all items of a kind."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    found = [item for page in pages for item in page["Items"] if kind in item["sk"]["S"]]
    return [len(json.dumps(item, default=len)) + len(item["points"]["B"]) for item in found]


def test_ten_thousand_metric_keys(client: Client, run_id: str, dynamodb: Any) -> None:
    for step in range(2):
        for begin in range(0, 10_000, 1_000):
            points = [
                {"key": f"k{number}", "value": number + step, "timestamp": step, "step": step}
                for number in range(begin, begin + 1_000)
            ]
            assert client.post("runs/log-batch", run_id=run_id, metrics=points).status == 200
    told = client.get("runs/get", run_id=run_id).json["run"]["data"]["metrics"]
    assert {point["key"]: point["value"] for point in told} == {f"k{n}": n + 1 for n in range(10_000)}
    history = client.get("metrics/get-history", run_id=run_id, metric_key="k9999").json["metrics"]
    assert [point["value"] for point in history] == [9_999, 10_000]
    packs = _items(dynamodb, "#2latest#")
    assert len(packs) == 3
    assert max(packs) < 120_000
    found = client.post("runs/search", experiment_ids=["0"], filter="metrics.k9999 = 10000")
    assert [one["info"]["run_id"] for one in found.json["runs"]] == [run_id]


def test_a_metric_of_a_million_points(client: Client, tracking: Tracking, run_id: str, dynamodb: Any) -> None:
    series = Series("loss")
    for begin in range(0, 1_000_000, 1_000):
        points = [
            Point(series, 1 / (n + 1), 1_700_000_000_000 + n * 40, n) for n in range(begin, begin + 1_000)
        ]
        tracking.log_batch("default", run_id, metrics=points)
    sizes = _items(dynamodb, "points#")
    assert len(sizes) <= 1_002
    assert sum(sizes) < 14_000_000

    whole = client.get("metrics/get-history", run_id=run_id, metric_key="loss")
    assert (whole.status, whole.code) == (413, "INVALID_PARAMETER_VALUE")
    assert "max_results" in whole.json["message"]
    asked = {"run_id": run_id, "metric_key": "loss", "max_results": 25_000}
    first = client.get("metrics/get-history", **asked).json
    second = client.get("metrics/get-history", **asked, page_token=first["next_page_token"]).json
    steps = [point["step"] for point in first["metrics"] + second["metrics"]]
    assert steps == list(range(50_000))
    drawn = client.get("metrics/get-history-bulk-interval", run_ids=[run_id], metric_key="loss").json[
        "metrics"
    ]
    assert (len(drawn), drawn[0]["step"], drawn[-1]["step"]) == (2_500, 0, 999_999)
    (latest,) = client.get("runs/get", run_id=run_id).json["run"]["data"]["metrics"]
    assert latest["step"] == 999_999
