"""What both tracking servers are asked, by part."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import httpx

from benchmarks.tracking_seeds import Seed

Shape = dict[str, Any]


@dataclass(frozen=True)
class Server:
    name: str
    http: httpx.Client
    seed: Seed

    def post(self, path: str, **body: object) -> Shape:
        return self._checked(self.http.post(f"/api/2.0/mlflow/{path}", json=body))

    def get(self, path: str, **query: str) -> Shape:
        return self._checked(self.http.get(f"/api/2.0/mlflow/{path}", params=query))

    def run(self, experiment: str) -> str:
        made = self.post("runs/create", experiment_id=experiment, start_time=1)
        return str(made["run"]["info"]["run_id"])

    def _checked(self, answer: httpx.Response) -> Shape:
        answer.raise_for_status()
        return cast("Shape", answer.json())


@dataclass(frozen=True)
class Scene:
    """`act` is done `count` times by one client and as often by eight; `answer` must be the same of both."""

    name: str
    count: int
    act: Callable[[int], Any]
    answer: Callable[[], Any] = lambda: None


def batch(keys: int, steps: int, offset: int) -> list[Shape]:
    return [
        {"key": f"k{key}", "value": key + offset / 7, "timestamp": 1_000 + step, "step": offset + step}
        for key in range(keys)
        for step in range(steps)
    ]


def calls(server: Server, _runs: int) -> Iterator[Scene]:
    experiment = _experiment(server)
    run = server.run(experiment)

    def log(number: int) -> None:
        server.post("runs/log-metric", run_id=run, key="m", value=number, timestamp=number, step=number)

    def latest() -> Any:  # noqa: ANN401 - JSON
        return server.get("runs/get", run_id=run)["run"]["data"]["metrics"]

    yield Scene("create run", 30, lambda _: server.run(experiment))
    yield Scene("log metric", 50, log)
    yield Scene("get run", 30, lambda _: server.get("runs/get", run_id=run), latest)


def batches(server: Server, _runs: int) -> Iterator[Scene]:
    experiment = _experiment(server)
    runs = [server.run(experiment) for _ in range(8)]

    def log(keys: int, steps: int) -> Callable[[int], Shape]:
        return lambda n: server.post(
            "runs/log-batch", run_id=runs[n % 8], metrics=batch(keys, steps, n * steps)
        )

    yield Scene("log-batch 10 x 100", 16, log(10, 100))
    yield Scene("log-batch 1,000 x 1", 8, log(1_000, 1))


def history(server: Server, _runs: int) -> Iterator[Scene]:
    run = server.run(_experiment(server))
    for n in range(10):
        server.post("runs/log-batch", run_id=run, metrics=batch(1, 1_000, n * 1_000))

    def read() -> Any:  # noqa: ANN401 - JSON
        found = server.get("metrics/get-history", run_id=run, metric_key="k0")["metrics"]
        return sorted((point["step"], point["value"]) for point in found)

    yield Scene("history of 10,000", 8, lambda _: read(), read)


def registry(server: Server, _runs: int) -> Iterator[Scene]:
    model = f"bench-{time.time()}"
    server.post("registered-models/create", name=model)
    version = {"name": model, "source": "s3://bucket/model"}
    for _ in range(5):
        server.post("model-versions/create", **version)
    named = [f"alias-{number}" for number in range(40 + 1)]

    def alias(number: int) -> None:
        # Each client its own: on one alias at once, MLflow's own server fails.
        server.post(
            "registered-models/alias", name=model, alias=named[number % 41], version=str(number % 5 + 1)
        )

    def by_alias() -> Any:  # noqa: ANN401 - JSON
        return server.get("registered-models/alias", name=model, alias="alias-1")["model_version"]["version"]

    alias(1)
    yield Scene("get by alias", 40, lambda _: by_alias(), by_alias)
    yield Scene("set alias", 20, alias)
    yield Scene("create version", 10, lambda _: server.post("model-versions/create", **version))


def search(server: Server, runs: int) -> Iterator[Scene]:
    experiment = _experiment(server)
    server.seed(experiment, runs)
    wanted = {"experiment_ids": [experiment], "max_results": 100}
    best = {**wanted, "filter": "metrics.auc > 0.5", "order_by": ["metrics.auc DESC"]}

    def found(**query: Any) -> list[float]:
        answer = server.post("runs/search", **query)["runs"]
        return [run["data"]["metrics"][0]["value"] for run in answer]

    def second() -> list[float]:
        token = server.post("runs/search", **best)["next_page_token"]
        return found(**best, page_token=token)

    yield Scene(f"search {runs:,}: filter, order", 8, lambda _: found(**best), lambda: found(**best))
    yield Scene("… two pages", 4, lambda _: second(), second)
    yield Scene(f"latest 100 of {runs:,}", 8, lambda _: found(**wanted), lambda: found(**wanted))


SCENES: dict[str, Callable[[Server, int], Iterator[Scene]]] = {
    "calls": calls,
    "registry": registry,
    "batches": batches,
    "history": history,
    "search": search,
}


def _experiment(server: Server) -> str:
    return str(server.post("experiments/create", name=f"bench-{time.time()}")["experiment_id"])
