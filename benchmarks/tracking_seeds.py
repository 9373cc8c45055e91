"""Runs by the thousand, put into both servers below their doors: by HTTP that takes longer than measuring."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Mapping

from benchmarks.tracking_inside import open_stores
from sluice.stores import clients

Seed = Callable[[str, int], None]
"""Of an experiment, with so many runs of one metric and five params."""
_TENANT = "default"


def seed_sluice(experiment: str, runs: int) -> None:
    tracking, _ = open_stores(clients.light_dynamodb())

    def seed(number: int) -> None:
        run = tracking.create_run(_TENANT, experiment, name=f"run-{number}", start_time=number + 1)
        tracking.log_batch(_TENANT, run, metrics={"auc": number / runs}, params=_params(number), timestamp=1)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(seed, range(runs)))


def seed_mlflow(backend: str, artifacts: str) -> Seed:
    """For the server whose store this is."""

    def seed(experiment: str, runs: int) -> None:
        from mlflow.entities import Metric, Param  # noqa: PLC0415 - seconds, where nothing is seeded
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415

        store = SqlAlchemyStore(backend, artifacts)
        for number in range(runs):
            run = store.create_run(experiment, "bench", number + 1, [], f"run-{number}")
            params = [Param(key, value) for key, value in _params(number).items()]
            store.log_batch(run.info.run_id, [Metric("auc", number / runs, 1, 0)], params, [])
        store.engine.dispose()

    return seed


def _params(number: int) -> Mapping[str, str]:
    return {f"p{key}": str(number % key) for key in range(1, 6)}
