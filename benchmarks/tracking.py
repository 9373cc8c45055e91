"""The tracking server beside `mlflow server` (SQLite), the same requests to both, medians and ratios.

    eval "$(sluice env)" && python -m benchmarks.tracking [--runs 1000]

Needs a running stack (MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN) and starts MLflow's server itself.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx

_PORT = 5055
_SETTLED = 12
"""Seconds: a search looks again at what changed in the last ten, which is not what is measured here."""
Shape = dict[str, Any]


@dataclass(frozen=True)
class Server:
    name: str
    http: httpx.Client

    def post(self, path: str, **body: object) -> Shape:
        return self._checked(self.http.post(f"/api/2.0/mlflow/{path}", json=body))

    def get(self, path: str, **query: str) -> Shape:
        return self._checked(self.http.get(f"/api/2.0/mlflow/{path}", params=query))

    def _checked(self, answer: httpx.Response) -> Shape:
        answer.raise_for_status()
        return cast("Shape", answer.json())


def batch(keys: int, steps: int, offset: int) -> list[dict[str, Any]]:
    return [
        {"key": f"k{key}", "value": key + offset / 7, "timestamp": 1_000 + step, "step": offset + step}
        for key in range(keys)
        for step in range(steps)
    ]


def scenes(server: Server, runs: int) -> Iterator[tuple[str, int, Callable[[int], Any]]]:
    """(operation, repetitions, what to do the n-th time); what it needs is made on the way."""
    experiment = server.post("experiments/create", name=f"bench-{time.time()}")["experiment_id"]
    new = {"experiment_id": experiment, "start_time": 1}
    run = server.post("runs/create", **new)["run"]["info"]["run_id"]
    yield "create run", 30, lambda _: server.post("runs/create", **new)
    yield (
        "log metric",
        50,
        lambda n: server.post("runs/log-metric", run_id=run, key="m", value=n, timestamp=n, step=n),
    )
    yield "get run", 30, lambda _: server.get("runs/get", run_id=run)
    yield (
        "log-batch 10 x 100",
        20,
        lambda n: server.post("runs/log-batch", run_id=run, metrics=batch(10, 100, n * 100)),
    )
    yield (
        "log-batch 1,000 x 1",
        10,
        lambda n: server.post("runs/log-batch", run_id=run, metrics=batch(1_000, 1, n)),
    )
    eight = [server.post("runs/create", **new)["run"]["info"]["run_id"] for _ in range(8)]
    yield "8 clients: log-batch 10 x 100", 3, lambda n: _at_once(server, eight, n)
    long = server.post("runs/create", **new)["run"]["info"]["run_id"]
    for n in range(10):
        server.post("runs/log-batch", run_id=long, metrics=batch(1, 1_000, n * 1_000))
    yield "history of 10,000", 10, lambda _: server.get("metrics/get-history", run_id=long, metric_key="k0")
    model = f"bench-{time.time()}"
    server.post("registered-models/create", name=model)
    version = {"name": model, "source": "s3://bucket/model"}
    yield "create version", 20, lambda _: server.post("model-versions/create", **version)
    yield (
        "set alias",
        20,
        lambda n: server.post(
            "registered-models/alias", name=model, alias=f"alias-{n % 5}", version=str(n % 20 + 1)
        ),
    )
    yield "get by alias", 20, lambda _: server.get("registered-models/alias", name=model, alias="alias-1")
    _seed(server, experiment, runs)
    time.sleep(_SETTLED)
    wanted = {"experiment_ids": [experiment], "filter": "metrics.auc > 0.5", "max_results": 100}
    yield (
        f"search {runs:,}: filter, order",
        10,
        lambda _: server.post("runs/search", **wanted, order_by=["metrics.auc DESC"]),
    )
    yield (
        f"latest 100 of {runs:,}",
        10,
        lambda _: server.post("runs/search", experiment_ids=[experiment], max_results=100),
    )


def _at_once(server: Server, runs: list[str], number: int) -> None:
    def work(run: str) -> None:
        for n in range(3):
            server.post("runs/log-batch", run_id=run, metrics=batch(10, 100, (number * 3 + n) * 100))

    with concurrent.futures.ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(work, runs))


def _seed(server: Server, experiment: str, runs: int) -> None:
    def seed(number: int) -> None:
        info = server.post("runs/create", experiment_id=experiment, start_time=number)["run"]["info"]
        server.post(
            "runs/log-batch",
            run_id=info["run_id"],
            metrics=[{"key": "auc", "value": number / runs, "timestamp": 1}],
            params=[{"key": f"p{key}", "value": str(number % key)} for key in range(1, 6)],
        )

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(seed, range(runs)))


def measure(server: Server, runs: int) -> dict[str, float]:
    """Median milliseconds of each operation."""
    medians: dict[str, float] = {}
    for name, count, act in scenes(server, runs):
        taken: list[float] = []
        for number in range(count):
            begun = time.perf_counter()
            act(number)
            taken.append((time.perf_counter() - begun) * 1000)
        medians[name] = statistics.median(taken)
        print(f"{server.name:8} {name:32} {medians[name]:10.1f} ms", flush=True)
    return medians


@contextmanager
def mlflow_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["mlflow", "server", "--port", str(_PORT), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", folder]
        process = subprocess.Popen(
            [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        url = f"http://127.0.0.1:{_PORT}"
        try:
            _await(url)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _await(url: str) -> None:
    for _ in range(240):
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise TimeoutError("mlflow server did not start")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--runs", type=int, default=1_000)
    runs = reader.parse_args().runs
    token = {"authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"}
    ours = measure(
        Server("sluice", httpx.Client(base_url=os.environ["MLFLOW_TRACKING_URI"], headers=token, timeout=60)),
        runs,
    )
    with mlflow_server() as url:
        theirs = measure(Server("mlflow", httpx.Client(base_url=url, timeout=120)), runs)
    print(f"\n{'operation':32} {'sluice ms':>10} {'mlflow ms':>10} {'ratio':>7}")
    for name, taken in ours.items():
        print(f"{name:32} {taken:10.1f} {theirs[name]:10.1f} {theirs[name] / taken:6.1f}x")


if __name__ == "__main__":
    main()
