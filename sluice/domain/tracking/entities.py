"""Experiments, runs, models and versions as MLflow means them. Times are milliseconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Lifecycle = Literal["active", "deleted"]
ACTIVE: Lifecycle = "active"
DELETED: Lifecycle = "deleted"

RUN_NAME_TAG = "mlflow.runName"
PROJECT_TAG = "sluice.project"
"""On the registered model of a project."""
EVALUATION_TAG = "sluice.evaluation"
"""On a version that somebody registered under a project's name: how far its evaluation is."""


class Series(NamedTuple):
    """What has one latest value. `linked_id` is the logged model of a run's metric, the run of a model's."""

    key: str
    linked_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class Point(NamedTuple):
    """One measured value of a series; `timestamp` in milliseconds."""

    series: Series
    value: float
    timestamp: int
    step: int


class LargeValue(NamedTuple):
    """A value kept apart from its document: `parts` items under its digest."""

    sha256: str
    parts: int


Value = str | LargeValue


@dataclass(frozen=True, slots=True)
class Experiment:
    """`changed` is the last minute in which something in it did (a text that sorts), as of `read_at`; `runs`
    is about how many there are.
    """

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: Lifecycle
    creation_time: int
    last_update_time: int
    tags: Mapping[str, str] = field(default_factory=dict)
    shards: int = 1
    runs: int = 0
    changed: str = ""
    read_at: str = ""


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """A dataset that a run read, and in which contexts (its tags)."""

    name: str
    digest: str
    source_type: str
    source: Value
    schema: Value | None = None
    profile: Value | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """`latest` has one point a metric key; `model_outputs` are (model id, step)."""

    run_id: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: Lifecycle
    artifact_uri: str
    params: Mapping[str, Value]
    tags: Mapping[str, Value]
    latest: Mapping[str, Point]
    inputs: tuple[DatasetInput, ...] = ()
    model_inputs: tuple[str, ...] = ()
    model_outputs: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> str:
        found = self.tags.get(RUN_NAME_TAG, "")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """`metrics` has the latest point of each series; a point's `linked_id` is the run that measured it."""

    model_id: str
    experiment_id: str
    name: str
    model_type: str
    source_run_id: str
    status: str
    creation_time: int
    last_update_time: int
    lifecycle_stage: Lifecycle
    artifact_uri: str
    params: Mapping[str, Value]
    tags: Mapping[str, Value]
    metrics: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """`stage` is MLflow's old idea of an environment; `source` a URI."""

    name: str
    version: int
    source: str
    run_id: str
    creation_time: int
    last_update_time: int
    stage: str = "None"
    description: str = ""
    user_id: str = ""
    run_link: str = ""
    model_id: str = ""
    status: str = "READY"
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """`uid` stays when the model is renamed; `latest` has the newest version of each stage."""

    name: str
    uid: str
    creation_time: int
    last_update_time: int
    last_version: int
    description: str = ""
    latest: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
