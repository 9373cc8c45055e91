"""Searches answer as MLflow's own store does, asked the same of the same runs, models and experiments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores.tracking.scenes import Client

pytestmark = pytest.mark.filterwarnings("ignore")

RUNS: list[dict[str, Any]] = [
    {"start": 10, "metrics": {"auc": 0.5, "loss": 2.0}, "params": {"c": "1", "kind": "Linear"}},
    {"start": 30, "metrics": {"auc": 0.9}, "params": {"c": "10", "kind": "forest"}, "tags": {"team": "risk"}},
    {"start": 20, "metrics": {"auc": math.nan, "loss": 1.0}, "params": {"c": "2"}},
    {"start": 21, "metrics": {"loss": -1.0}, "params": {"kind": "lin%ear"}, "tags": {"team": "Risk"}},
    {"start": 5, "metrics": {"auc": 0.7, "loss": 1.0}, "tags": {"team": "ops", "a b": "x y"}},
    {"start": 40},
]
FILTERS = [
    "",
    "metrics.auc > 0.5",
    "metrics.auc >= 0.5 and metrics.loss <= 2",
    "metrics.auc != 0.9",
    "metrics.loss = 1.0",
    "metrics.loss < 0",
    "params.c = '1'",
    "params.c != '1'",
    "params.kind LIKE 'lin%'",
    "params.kind ILIKE 'lin%'",
    "tags.team ILIKE 'RISK'",
    "tags.team = 'risk'",
    "tags.team IS NULL",
    "tags.team IS NOT NULL AND params.c IS NULL",
    "tags.`a b` = 'x y'",
    "attributes.status = 'RUNNING'",
    "status != 'FINISHED'",
    "start_time > 10 AND start_time <= 30",
    "run_name LIKE 'run-%'",
    "attributes.run_name = 'run-3'",
    "params.c > '1'",
    "metrics.auc > 'x'",
    "datasets.name = 'd'",
]
ORDERS = [
    [],
    ["metrics.auc DESC"],
    ["metrics.auc ASC"],
    ["metrics.loss", "start_time ASC"],
    ["params.c"],
    ["params.kind DESC"],
    ["tags.team ASC"],
    ["attributes.start_time ASC"],
    ["start_time DESC", "metrics.loss DESC"],
    ["run_name DESC"],
]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """MLflow's store over SQLite, with the runs in it."""
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder: Path = tmp_path_factory.mktemp("mlflow")
    store: Any = SqlAlchemyStore(f"sqlite:///{folder}/m.db", str(folder))  # type: ignore[no-untyped-call]
    experiment = store.create_experiment("beside")
    for number, run in enumerate(RUNS):
        made = store.create_run(experiment, "me", run["start"], [], f"run-{number}")
        store.log_batch(
            made.info.run_id,
            [Metric(key, value, 1, 0) for key, value in run.get("metrics", {}).items()],
            [Param(key, value) for key, value in run.get("params", {}).items()],
            [RunTag(key, value) for key, value in run.get("tags", {}).items()],
        )
    yield store, experiment
    store.engine.dispose()


@pytest.fixture
def ours(client: Client) -> tuple[Client, str]:
    experiment = client.post("experiments/create", name="beside").json["experiment_id"]
    for number, run in enumerate(RUNS):
        made = client.post(
            "runs/create",
            experiment_id=experiment,
            start_time=run["start"],
            user_id="me",
            run_name=f"run-{number}",
        )
        client.post(
            "runs/log-batch",
            run_id=made.json["run"]["info"]["run_id"],
            metrics=[
                {"key": key, "value": "NaN" if math.isnan(value) else value, "timestamp": 1}
                for key, value in run.get("metrics", {}).items()
            ],
            params=[{"key": key, "value": value} for key, value in run.get("params", {}).items()],
            tags=[{"key": key, "value": value} for key, value in run.get("tags", {}).items()],
        )
    return client, str(experiment)


def test_every_filter_and_every_order_gives_what_mlflow_gives(theirs: Any, ours: tuple[Client, str]) -> None:
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    store, their_experiment = theirs
    client, experiment = ours
    different = []
    for number, text in enumerate(FILTERS):
        for order in ORDERS if not text else ([], ORDERS[number % len(ORDERS)]):
            answer = client.post("runs/search", experiment_ids=[experiment], filter=text, order_by=order)
            got: Any = [run["info"]["run_name"] for run in answer.json.get("runs", [])]
            try:
                found = store.search_runs([their_experiment], text, ViewType.ACTIVE_ONLY, 100, order)
                wanted: Any = [run.info.run_name for run in found]
            except MlflowException as refused:
                wanted, got = refused.error_code, answer.json.get("error_code", got)
            if got != wanted:
                different.append((text, order, got, wanted))
    assert different == []
