"""What docs/tables.md promises: how many DynamoDB requests each thing costs a warm function, and no scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.track_runs.door import Door
from functions.track_runs.histories import Histories
from sluice.domain.tracking.entities import Point, Series
from sluice.stores.tracking import open_tracking
from tests.stores.tracking.conftest import TABLE, Ticking, last
from tests.stores.tracking.scenes import Client


class Counting:
    """A DynamoDB client that counts its requests and the write units of what it puts."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append(name)
            return getattr(self._client, name)(**arguments)

        return call


@pytest.fixture
def counting(dynamodb: Any) -> Counting:
    return Counting(dynamodb)


@pytest.fixture
def counted(counting: Counting, files: Any) -> Client:
    tracking = open_tracking(counting, TABLE, clock=Ticking(), chance=last)  # type: ignore[arg-type]
    return Client(Door(lambda: tracking, lambda: files))


def points(keys: int, steps: int) -> list[dict[str, Any]]:
    return [
        {"key": f"k{key}", "value": key / (step + 1), "timestamp": 1_000 + step, "step": step}
        for key in range(keys)
        for step in range(steps)
    ]


def test_requests_are_as_few_as_promised(counted: Client, counting: Counting) -> None:
    experiment = counted.post("experiments/create", name="credit").json["experiment_id"]
    run = counted.post("runs/create", experiment_id=experiment).json["run"]["info"]["run_id"]
    counted.post("registered-models/create", name="m")
    counted.post("model-versions/create", name="m", source="s3://b/k", run_id=run)
    counted.post("registered-models/alias", name="m", alias="champion", version="1")
    counted.post("runs/search", experiment_ids=[experiment])
    promised: list[tuple[int, Callable[[], Any]]] = [
        (2, lambda: counted.post("runs/create", experiment_id=experiment)),
        (2, lambda: counted.get("runs/get", run_id=run)),
        (1, lambda: counted.post("runs/log-metric", run_id=run, key="m", value=1, timestamp=1)),
        (1, lambda: counted.post("runs/log-batch", run_id=run, metrics=points(2, 10))),
        (2, lambda: counted.post("runs/set-tag", run_id=run, key="a", value="b")),
        (2, lambda: counted.post("runs/update", run_id=run, status="FINISHED")),
        (6, lambda: counted.post("runs/log-batch", run_id=run, metrics=points(10, 100))),
        (5, lambda: counted.post("runs/log-batch", run_id=run, metrics=points(1000, 1))),
        (3, lambda: counted.get("metrics/get-history", run_id=run, metric_key="k0")),
        (4, lambda: counted.post("runs/search", experiment_ids=[experiment])),
        (2, lambda: counted.post("registered-models/alias", name="m", alias="a", version="1")),
        (2, lambda: counted.get("registered-models/alias", name="m", alias="champion")),
        (1, lambda: counted.get("registered-models/alias", name="m", alias="champion")),
        (2, lambda: counted.get("model-versions/get", name="m", version="1")),
        (1, lambda: counted.get("model-versions/get", name="m", version="1")),
        (2, lambda: counted.post("model-versions/create", name="m", source="s3://b/k")),
        (2, lambda: counted.get("registered-models/get", name="m")),
    ]
    for number, (most, call) in enumerate(promised):
        counting.calls.clear()
        assert call().status == 200
        assert len(counting.calls) <= most, (number, counting.calls)
        assert "scan" not in counting.calls


def test_the_run_that_counts_for_fifty_costs_no_more(counting: Counting, files: Any) -> None:
    tracking = open_tracking(counting, TABLE, clock=Ticking(), chance=lambda _: 0)  # type: ignore[arg-type]
    client = Client(Door(lambda: tracking, lambda: files))
    experiment = client.post("experiments/create", name="credit").json["experiment_id"]
    for _ in range(5):
        counting.calls.clear()
        assert client.post("runs/create", experiment_id=experiment).status == 200
        assert len(counting.calls) <= 2, counting.calls
    assert tracking.experiments.get("default", experiment).runs == 250


def test_a_thousand_points_cost_at_most_sixty_write_units(
    counted: Client, counting: Counting, dynamodb: Any
) -> None:
    experiment = counted.post("experiments/create", name="credit").json["experiment_id"]
    run = counted.post("runs/create", experiment_id=experiment).json["run"]["info"]["run_id"]
    for batch in range(3):
        before = _sizes(dynamodb)
        values = [
            {**point, "step": int(point["step"]) + batch * 100, "value": float(point["value"]) + batch}
            for point in points(10, 100)
        ]
        counted.post("runs/log-batch", run_id=run, metrics=values)
        after = _sizes(dynamodb)
        units = sum(
            -(-size // 1024) for key, (size, written) in after.items() if before.get(key) != (size, written)
        )
        # Trimming the tail writes the head a second time.
        assert units + 2 <= 60, units


def _sizes(dynamodb: Any) -> dict[str, tuple[int, str]]:
    """Bytes and time of every item, by its keys."""
    found = dynamodb.scan(TableName=TABLE)["Items"]
    return {
        f"{item['pk']['S']}|{item['sk']['S']}": (
            sum(len(name) + _size(value) for name, value in item.items()),
            item["updated_at"]["S"],
        )
        for item in found
    }


def _size(value: Any) -> int:
    (kind, content), *_ = value.items()
    if kind == "L":
        return 3 + sum(_size(inner) + 1 for inner in content)
    return len(content) if isinstance(content, bytes | str) else 8


def test_a_further_page_of_a_history_reads_nothing_again(
    counted: Client, counting: Counting, files: Any
) -> None:
    run = counted.post("runs/create", experiment_id="0").json["run"]["info"]["run_id"]
    for begin in (500, 0, 250):  # in no order, as several writers would
        batch = [
            {"key": "loss", "value": "NaN" if step % 7 == 0 else step, "timestamp": step // 2, "step": step}
            for step in range(begin, begin + 300)
        ]
        assert counted.post("runs/log-batch", run_id=run, metrics=batch).status == 200
    asked: dict[str, Any] = {"run_id": run, "metric_key": "loss", "max_results": 300}
    whole = counted.get("metrics/get-history", run_id=run, metric_key="loss").json["metrics"]
    elsewhere = Client(Door(lambda: open_tracking(counting, TABLE), lambda: files))  # type: ignore[arg-type]

    first = counted.get("metrics/get-history", **asked).json
    counting.calls.clear()
    second = counted.get("metrics/get-history", **asked, page_token=first["next_page_token"]).json
    assert counting.calls == []
    third = elsewhere.get("metrics/get-history", **asked, page_token=second["next_page_token"]).json

    assert [*first["metrics"], *second["metrics"], *third["metrics"]] == whole
    assert (len(whole), third.get("next_page_token")) == (800, None)
    # The next one who begins sees what has come since.
    counted.post("runs/log-metric", run_id=run, key="loss", value=1, timestamp=10**6, step=10**6)
    counted.get("metrics/get-history", **asked)
    last_page = {**asked, "page_token": second["next_page_token"]}
    assert counted.get("metrics/get-history", **last_page).json["metrics"][-1]["step"] == 10**6


def test_histories_are_kept_within_a_bound() -> None:
    histories, points = Histories(most=5), [Point(Series("k"), float(n), n, n) for n in range(3)]
    for run in ("a", "b"):
        histories.keep(points, run)
    assert histories.find("a") is None

    kept = histories.find("b")
    assert kept is not None
    assert (len(kept), kept[1:9]) == (3, points[1:])
