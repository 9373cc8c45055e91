"""The same runs, experiments and models in MLflow's own store (over SQLite) and behind our door."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sluice.domain.tracking.entities import DatasetInput, Point, Series
from sluice.stores.tracking import Tracking
from sluice.stores.tracking.runs import NewRun
from tests.stores.tracking.scenes import Client

Names = list[str] | str
"""What a search found, in order; or that it was refused."""

REFUSED = "refused"
PARAMS = ["1", "10", "2", "a", "A", "abc", "a%c", "a_c", "Ä", "x y", "it''s", ""]
NUMBERS = [0.0, -0.0, 1.0, 1.0, 2.5, -3.0, 1e308, 5e-324, math.nan, math.nan, math.inf, -math.inf]
DATASETS = [("train", "d1", "training"), ("train", "d2", "evaluation"), ("test", "d1", "evaluation")]


def _some(chance: random.Random, keys: str, values: Sequence[Any]) -> dict[str, Any]:
    return {key: chance.choice(values) for key in keys if chance.random() < 0.7}


def _runs(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "name": f"run-{number:02d}",
            "start": chance.choice([10, 20, 30]),
            "end": chance.choice([None, 40, 50]),
            "metrics": _some(chance, "ab", NUMBERS),
            "params": _some(chance, "pq", PARAMS[:-1]),
            "tags": _some(chance, "tu", PARAMS) | ({"a b": "z"} if number == 3 else {}),
            "datasets": chance.sample(DATASETS, chance.choice([0, 0, 1, 2])),
        }
        for number in range(14)
    ]


RUNS = _runs(random.Random(11))
EXPERIMENTS: list[dict[str, Any]] = [
    {"name": name, "tags": tags}
    for name, tags in (
        ("beside-a", {"t": "1"}),
        ("beside-B", {"t": "a", "u": "x y"}),
        ("beside_a", {}),
        ("beside%", {"t": "A"}),
        ("Beside-a", {"a b": "z", "t": ""}),
    )
]
VERSIONS: list[dict[str, Any]] = [
    {"name": name, "tags": tags, "versions": versions}
    for name, tags, versions in (
        ("m-a", {"t": "1"}, [("s3://b/1", {"t": "a"}), ("s3://b/2", {}), ("s3://B/1", {"t": "A"})]),
        ("m-B", {"t": "a", "u": "x y"}, [("s3://b/1", {"t": "1", "u": "2"})]),
        ("m_a", {}, []),
        ("m%", {"t": "A", "a b": "z"}, [("s3://c%", {"a b": "z"}), ("s3://c/2", {"t": ""})]),
    )
]
#: Points are (metric, value, timestamp, step, dataset).
LOGGED: list[dict[str, Any]] = [
    {
        "name": f"model-{number}",
        "type": ["", "sklearn", "onnx"][number % 3],
        "params": {"lr": ["0.01", "0.1", "a"][number % 3]} if number else {},
        "tags": {"t": "x"} if number % 2 else {},
        "points": [
            ("auc", 0.1 * number, 3 if number == 4 else 1, 0, ("train", "d1")),
            ("auc", 0.9 - 0.1 * number, 2, number % 2, ("test", "d1")),
            ("loss", float(number // 2), 5, 1, ("", "")),
        ][number // 3 : 2 + number % 2],
    }
    for number in range(6)
]


@dataclass
class Theirs:
    """MLflow's stores; `runs` are the ids of RUNS there."""

    tracking: Any
    registry: Any
    experiment: str = ""
    runs: list[str] = field(default_factory=list)

    def search(self, what: str, text: str, order: Sequence[Any], **more: Any) -> Names:
        from mlflow.entities import ViewType
        from mlflow.exceptions import MlflowException

        asks: dict[str, Callable[[], Any]] = {
            "runs": lambda: self.tracking.search_runs(
                [self.experiment], text, ViewType.ACTIVE_ONLY, 100, list(order)
            ),
            "experiments": lambda: self.tracking.search_experiments(ViewType.ALL, 100, text, list(order)),
            "models": lambda: self.registry.search_registered_models(text, 100, list(order)),
            "versions": lambda: self.registry.search_model_versions(text, 100, list(order)),
            "logged": lambda: self.tracking.search_logged_models(
                [self.experiment], text, order_by=list(order), **more
            ),
        }
        try:
            found = asks[what]()
        except (MlflowException, AttributeError, TypeError, ValueError):
            return REFUSED
        if what == "runs":
            return [run.info.run_name for run in found]
        return [f"{one.name}{one.version if what == 'versions' else ''}" for one in found]


@dataclass
class Ours:
    client: Client
    tracking: Tracking
    experiment: str = ""

    def search(self, what: str, text: str, order: Sequence[Any], **more: Any) -> Names:
        asked = {"filter": text, "order_by": list(order), "max_results": 100, **more}
        ids = {"experiment_ids": [self.experiment]}
        answer = {
            "runs": lambda: self.client.post("runs/search", **ids, **asked),
            "experiments": lambda: self.client.post("experiments/search", view_type="ALL", **asked),
            "models": lambda: self.client.get("registered-models/search", **asked),
            "versions": lambda: self.client.get("model-versions/search", **asked),
            "logged": lambda: self.client.post("logged-models/search", **ids, **asked),
        }[what]()
        if answer.status != 200:
            assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE"), (text, answer.content)
            return REFUSED
        if what == "runs":
            return [one["info"]["run_name"] for one in answer.json["runs"]]
        if what == "logged":
            return [one["info"]["name"] for one in answer.json["models"]]
        listed = {"models": "registered_models", "versions": "model_versions"}.get(what, what)
        return [f"{one['name']}{one.get('version', '')}" for one in answer.json[listed]]


def fill_theirs(folder: Path) -> Theirs:
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    address = f"sqlite:///{folder}/m.db"
    made: Any = Theirs(SqlAlchemyStore(address, str(folder)), RegistryStore(address))  # type: ignore[no-untyped-call]
    made.experiment = made.tracking.create_experiment("holds-the-runs")
    for run in RUNS:
        made.runs.append(_run_of_theirs(made, run))
    for model in LOGGED:
        _logged_model_of_theirs(made, model)
    _rest_of_theirs(made)
    return made  # type: ignore[no-any-return]


def fill_ours(client: Client, tracking: Tracking, theirs: Theirs, what: str) -> Ours:
    """With what a search for `what` looks at, an hour ago: nothing is read twice for being new."""
    made = Ours(client, tracking, theirs.experiment)
    client.get("experiments/get", experiment_id="0")
    tracking.experiments.create("default", "holds-the-runs", experiment_id=theirs.experiment)
    for run_id, run in zip(theirs.runs, RUNS, strict=True) if what == "runs" else ():
        _run_of_ours(made, run_id, run)
    for model in LOGGED if what == "logged" else ():
        _logged_model_of_ours(made, theirs.runs[0], model)
    for experiment in EXPERIMENTS if what == "experiments" else ():
        client.post("experiments/create", name=experiment["name"], tags=_pairs(experiment["tags"]))
    for registered in VERSIONS if what in {"models", "versions"} else ():
        client.post("registered-models/create", name=registered["name"], tags=_pairs(registered["tags"]))
        for source, tags in registered["versions"]:
            given = {"name": registered["name"], "source": source, "tags": _pairs(tags)}
            client.post("model-versions/create", run_id=theirs.runs[0], **given)
    clock: Any = tracking.table.clock
    clock.moment += timedelta(hours=1)
    return made


def _run_of_theirs(made: Any, run: dict[str, Any]) -> str:
    from mlflow.entities import Dataset, InputTag, Metric, Param, RunStatus, RunTag
    from mlflow.entities import DatasetInput as TheirInput

    created: str = made.tracking.create_run(made.experiment, "me", run["start"], [], run["name"]).info.run_id
    made.tracking.log_batch(
        created,
        [Metric(key, value, 1, 0) for key, value in run["metrics"].items()],
        [Param(key, value) for key, value in run["params"].items()],
        [RunTag(key, value) for key, value in run["tags"].items()],
    )
    made.tracking.log_inputs(
        created,
        [
            TheirInput(Dataset(name, digest, "local", "s"), [InputTag("mlflow.data.context", context)])
            for name, digest, context in run["datasets"]
        ],
    )
    if run["end"]:
        made.tracking.update_run_info(created, RunStatus.FINISHED, run["end"], None)
    return created


def _run_of_ours(made: Ours, run_id: str, run: dict[str, Any]) -> None:
    runs = made.tracking.runs
    runs.create("default", made.experiment, NewRun(run["name"], "me", run["start"], run["tags"], run_id))
    points = [Point(Series(key), value, 1, 0) for key, value in run["metrics"].items()]
    runs.log_batch("default", run_id, points, run["params"], {})
    read = [
        DatasetInput(name, digest, "local", "s", tags=(("mlflow.data.context", context),))
        for name, digest, context in run["datasets"]
    ]
    runs.log_inputs("default", run_id, read)
    if run["end"]:
        runs.update("default", run_id, status="FINISHED", end_time=run["end"])


def _logged_model_of_ours(made: Ours, run_id: str, model: dict[str, Any]) -> None:
    created = made.client.post(
        "logged-models",
        experiment_id=made.experiment,
        name=model["name"],
        model_type=model["type"],
        params=_pairs(model["params"]),
        tags=_pairs(model["tags"]),
    )
    model_id = created.json["model"]["info"]["model_id"]
    for key, value, timestamp, step, (dataset, digest) in model["points"]:
        point = Point(Series(key, model_id, dataset, digest), value, timestamp, step)
        made.tracking.models.log_points("default", run_id, [point])


def _logged_model_of_theirs(made: Any, model: dict[str, Any]) -> None:
    from mlflow.entities import LoggedModelParameter, LoggedModelTag, Metric

    created = made.tracking.create_logged_model(
        made.experiment,
        model["name"],
        tags=[LoggedModelTag(key, value) for key, value in model["tags"].items()],
        params=[LoggedModelParameter(key, value) for key, value in model["params"].items()],
        model_type=model["type"],
    )
    for key, value, timestamp, step, (dataset, digest) in model["points"]:
        measured = Metric(key, value, timestamp, step, created.model_id, dataset or None, digest or None)
        made.tracking.log_batch(made.runs[0], [measured], [], [])
    time.sleep(0.002)  # so that no two were made in one millisecond


def _rest_of_theirs(made: Any) -> None:
    import mlflow.entities.model_registry
    from mlflow.entities import ExperimentTag

    entities: Any = mlflow.entities.model_registry
    for experiment in EXPERIMENTS:
        given = [ExperimentTag(key, value) for key, value in experiment["tags"].items()]
        made.tracking.create_experiment(experiment["name"], tags=given)
        time.sleep(0.002)
    for registered in VERSIONS:
        tags = [entities.RegisteredModelTag(key, value) for key, value in registered["tags"].items()]
        made.registry.create_registered_model(registered["name"], tags)
        time.sleep(0.002)
        for source, of_version in registered["versions"]:
            noted = [entities.ModelVersionTag(key, value) for key, value in of_version.items()]
            made.registry.create_model_version(registered["name"], source, made.runs[0], noted)
            time.sleep(0.002)


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
