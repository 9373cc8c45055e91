"""What the tracking function itself takes: CPU and DynamoDB of each call, 100,000 runs, its init."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.peak_memory import peak_memory
from functions.track_runs.door import Door
from sluice.domain.clock import system_clock
from sluice.domain.ids import new_id
from sluice.domain.tracking.columns import Row, columns_of
from sluice.domain.tracking.entities import Point, Series
from sluice.local.session import client_config, root_session
from sluice.stores import clients
from sluice.stores.tracking import Tracking, keys, open_tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.stores.tracking.snapshots import Manifest, Snapshots

_TENANT, _SHARDS, _A_SHARD, _KEYS = "bench", 20, 5_000, 10
_READS = frozenset({"get_item", "query", "batch_get_item"})


class _Counting:
    """The light client, counting requests and write units (as the embedded AWS tells them)."""

    def __init__(self) -> None:
        self.requests, self.units = 0, 0.0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:  # noqa: ANN401 - JSON
            answer = getattr(clients.light_dynamodb(), name)(**arguments, ReturnConsumedCapacity="TOTAL")
            told = answer.get("ConsumedCapacity", [])
            self.requests += 1
            if name not in _READS:
                parts = told if isinstance(told, list) else [told]
                self.units += sum(part.get("CapacityUnits", 0) for part in parts)
            return answer

        return call


def _places() -> tuple[str, str]:
    """The stack's tracking table and artifacts bucket."""
    session = root_session()
    options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "config": client_config()}
    tables = session.client("dynamodb", **options).list_tables()["TableNames"]
    buckets = [one["Name"] for one in session.client("s3", **options).list_buckets()["Buckets"]]
    return next(one for one in tables if "Tracking" in one), next(
        one for one in buckets if "artifacts" in one
    )


def open_stores(client: Any) -> tuple[Tracking, Callable[..., Any]]:  # noqa: ANN401 - JSON
    """The store, and a way to call the handler's door in this process."""
    table, bucket = _places()
    tracking = open_tracking(client, table, snapshots=lambda table: Snapshots(table, clients.s3, bucket))
    files = ArtifactFiles(clients.s3(), clients.s3(), bucket)
    door = Door(lambda: tracking, lambda: files)
    told = {"tenant": _TENANT, "principal": "bench", "roles": "contributor", "projects": "*"}

    def call(method: str, path: str, query: str = "", **body: Any) -> Any:  # noqa: ANN401 - JSON
        answer = door.answer(
            {
                "rawPath": f"/api/2.0/mlflow/{path}",
                "rawQueryString": query,
                "headers": {},
                "requestContext": {"http": {"method": method}, "authorizer": {"lambda": told}},
                "body": json.dumps(body) if body else "",
            }
        )
        if answer["statusCode"] != 200:
            raise AssertionError(answer["body"])
        return json.loads(answer["body"])

    return tracking, call


def measure_inside() -> None:
    counting = _Counting()
    _, call = open_stores(counting)
    experiment = call("POST", "experiments/create", name=f"inside-{time.time()}")["experiment_id"]
    run = call("POST", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    model = f"inside-{time.time()}"
    call("POST", "registered-models/create", name=model)
    call("POST", "model-versions/create", name=model, source="s3://b/k")
    call("POST", "registered-models/alias", name=model, alias="a", version="1")

    def points(count: int, steps: int, offset: int) -> list[dict[str, Any]]:
        return [
            {"key": f"k{key}", "value": key / 7 + offset, "timestamp": 1 + step, "step": offset + step}
            for key in range(count)
            for step in range(steps)
        ]

    acts: dict[str, Callable[[int], Any]] = {
        "create run": lambda _: call("POST", "runs/create", experiment_id=experiment),
        "log metric": lambda n: call(
            "POST", "runs/log-metric", run_id=run, key="m", value=n, timestamp=n, step=n
        ),
        "get run": lambda _: call("GET", "runs/get", f"run_id={run}"),
        "set alias": lambda _: call("POST", "registered-models/alias", name=model, alias="a", version="1"),
        "get by alias": lambda _: call("GET", "registered-models/alias", f"name={model}&alias=a"),
        "log-batch 10 x 100": lambda n: call(
            "POST", "runs/log-batch", run_id=run, metrics=points(10, 100, n * 100)
        ),
        "log-batch 1,000 x 1": lambda n: call(
            "POST", "runs/log-batch", run_id=run, metrics=points(1_000, 1, n)
        ),
    }
    print(
        f"\n{'in the function':24} {'CPU ms':>8} {'requests':>9} {'write units':>12}   (means, CPU a median)"
    )
    for name, act in acts.items():
        act(0)
        counting.requests, counting.units, taken = 0, 0.0, []
        for number in range(1, 31):
            begun = time.process_time()
            act(number)
            taken.append((time.process_time() - begun) * 1000)
        median, units = statistics.median(taken), counting.units / 30
        print(f"{name:24} {median:8.2f} {counting.requests / 30:9.2f} {units:12.1f}", flush=True)


def measure_large() -> None:
    """100,000 runs with ten params and metrics each, put into the snapshot; then a function of its own."""
    tracking, _ = open_stores(clients.light_dynamodb())
    experiment = tracking.ensure_experiment(_TENANT, f"large-{time.time()}")
    key = keys.experiment(tenant=_TENANT, experiment_id=experiment)
    tracking.table.update(key, {"shards": _SHARDS, "runs": _SHARDS * _A_SHARD})
    snapshots = tracking.snapshots
    if snapshots is None:
        raise AssertionError("opened with snapshots")
    manifest = Manifest(system_clock())
    for shard in range(_SHARDS):
        columns = columns_of(_row(shard * _A_SHARD + number) for number in range(_A_SHARD))
        manifest.objects["run", shard] = snapshots.save(_TENANT, experiment, columns)
        manifest.objects["model", shard] = ""
    snapshots.move(_TENANT, experiment, manifest)
    for number in range(50):
        run = tracking.create_run(_TENANT, experiment, name=f"tail-{number}")
        tracking.log_batch(_TENANT, run, metrics={"m3": 2.0 + number})
    done = subprocess.run(
        [sys.executable, "-c", _COLD, experiment], capture_output=True, text=True, check=False
    )
    print(done.stdout if done.returncode == 0 else done.stderr, flush=True)
    snapshots.forget(_TENANT, experiment)


_COLD = "import sys; from benchmarks.tracking_inside import search_large; search_large(sys.argv[1])"


def search_large(experiment: str) -> None:
    """In a fresh process: the first search of 100,000 runs, and further ones."""
    _, call = open_stores(clients.light_dynamodb())
    wanted: dict[str, Any] = {"experiment_ids": [experiment], "max_results": 100}
    best = {**wanted, "filter": "metrics.m3 > 0.5", "order_by": ["metrics.m3 DESC"]}
    token = ""

    def page() -> Any:  # noqa: ANN401 - JSON
        return call("POST", "runs/search", **best, page_token=token)

    acts = {
        "cold: filter, order": lambda: call("POST", "runs/search", **best),
        "warm: the same again": lambda: call("POST", "runs/search", **best),
        "warm: second page": page,
        "warm: another metric": lambda: call(
            "POST", "runs/search", **{**best, "filter": "metrics.m5 > 0.5 AND params.p2 = '7'"}
        ),
        "warm: latest 100": lambda: call("POST", "runs/search", **wanted),
    }
    print(f"\n{'100,050 runs':24} {'CPU ms':>8} {'wall ms':>8}")
    for name, act in acts.items():
        cpu, wall = time.process_time(), time.perf_counter()
        found = act()
        token = token or found["next_page_token"]
        values = [metric["value"] for metric in found["runs"][0]["data"]["metrics"] if metric["key"] == "m3"]
        print(
            f"{name:24} {(time.process_time() - cpu) * 1000:8.0f} {(time.perf_counter() - wall) * 1000:8.0f}"
            f"   first m3 {values}"
        )
    print(f"memory {peak_memory():.0f} MB")


def _row(number: int) -> Row:
    chance, name = random.Random(number), new_id().replace("-", "")
    return Row(
        name,
        {
            "user_id": "ann",
            "status": "FINISHED",
            "start_time": 1_700_000_000_000 + number,
            "end_time": 1_700_000_000_000 + number + chance.randrange(10_000),
            "lifecycle_stage": "active",
            "artifact_uri": f"mlflow-artifacts:/1/{name}/artifacts",
        },
        {f"p{key}": str(chance.randrange(10 ** (key + 1))) for key in range(_KEYS)},
        {"mlflow.runName": f"run-{number}", "mlflow.user": "ann", "team": "a"},
        [Point(Series(f"m{key}"), chance.random(), 1_700_000_000_000 + number, key) for key in range(_KEYS)],
    )


def measure_init() -> None:
    """CPU and memory of importing the handler and building what a first request needs, in fresh processes."""
    code = (
        "import time; begun = time.process_time()\n"
        "from functions.track_runs import handler, settings; settings.tracking()\n"
        "print((time.process_time() - begun) * 1000)\n"
        "from benchmarks.peak_memory import peak_memory; print(peak_memory())"
    )
    # Bytecode is kept from the first of the runs: a deployed function's comes with it.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    environment |= {"TRACKING_TABLE": "t", "ARTIFACTS_BUCKET": "b"}
    told = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        ).stdout.split()
        for _ in range(5)
    ]
    cpu, memory = (statistics.median(float(one[place]) for one in told) for place in (0, 1))
    print(f"\ninit of track_runs: {cpu:.0f} ms CPU, {memory:.0f} MB (medians of 5)")
