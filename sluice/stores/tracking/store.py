"""The tracking store as its users see it: the MLflow door and the training workflow."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sluice.domain.clock import Clock, system_clock
from sluice.domain.errors import AlreadyExists
from sluice.domain.ids import NewId, new_id
from sluice.domain.tracking.entities import PROJECT_TAG, DatasetInput, Point, RegisteredModel, Run, Series
from sluice.domain.tracking.limits import read_version
from sluice.stores.tracking.changes import Changes
from sluice.stores.tracking.experiments import ExperimentStore
from sluice.stores.tracking.keys import Kind
from sluice.stores.tracking.logged_models import LoggedModelStore, read_logged_model
from sluice.stores.tracking.owners import OwnerStore
from sluice.stores.tracking.registry import RegistryStore
from sluice.stores.tracking.runs import NewRun, RunStore, read_run
from sluice.stores.tracking.search import Search
from sluice.stores.tracking.snapshots import Snapshots
from sluice.stores.tracking.summaries import Summaries
from sluice.stores.tracking.table import Table
from sluice.stores.tracking.versions import NewVersion, VersionStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True)
class Tracking:
    """Every method takes the tenant first. `artifact_root` is where new experiments keep their files."""

    table: Table
    artifact_root: str = "mlflow-artifacts:/"
    snapshots: Snapshots | None = None

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.table)

    @cached_property
    def experiments(self) -> ExperimentStore:
        return ExperimentStore(self.table, self.changes, self.artifact_root)

    def owners(self, kind: Kind) -> OwnerStore:
        return (self.runs if kind == "run" else self.models).owners

    @cached_property
    def runs(self) -> RunStore:
        return RunStore(self.table, self.experiments, OwnerStore(self.table, "run", self.changes))

    @cached_property
    def models(self) -> LoggedModelStore:
        return LoggedModelStore(self.table, self.experiments, OwnerStore(self.table, "model", self.changes))

    @cached_property
    def search(self) -> Search:
        """Keeps what it has read: one a warm function."""
        return Search(
            self.experiments,
            self.runs.owners.values,
            Summaries(self.runs.owners, read_run, self.snapshots),
            Summaries(self.models.owners, read_logged_model, self.snapshots),
        )

    @cached_property
    def registry(self) -> RegistryStore:
        return RegistryStore(self.table)

    @cached_property
    def versions(self) -> VersionStore:
        return VersionStore(self.table, self.registry)

    def ensure_experiment(self, tenant: str, name: str) -> str:
        """The id of the experiment with this name; made, or brought back, where need be."""
        return self.experiments.ensure(tenant, name)

    def create_run(
        self,
        tenant: str,
        experiment_id: str,
        *,
        name: str,
        run_id: str = "",
        user_id: str = "",
        start_time: int = 0,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """The run's id. With a `run_id` (32 hexadecimal digits) a repeated call changes nothing."""
        new = NewRun(name, user_id, start_time, tags or {}, run_id)
        try:
            return self.runs.create(tenant, experiment_id, new).run_id
        except AlreadyExists:
            return run_id

    def log_batch(
        self,
        tenant: str,
        run_id: str,
        *,
        metrics: Mapping[str, float] | Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        timestamp: int | None = None,
        step: int = 0,
    ) -> None:
        """Log values; repeated, it changes nothing when `timestamp` (milliseconds) is given.

        Invalid when a param is there with another value, or the run is deleted.
        """
        points = self._points(metrics, timestamp, step) if isinstance(metrics, Mapping) else metrics
        self.runs.log_batch(tenant, run_id, points, params, tags)

    def log_inputs(self, tenant: str, run_id: str, datasets: Sequence[DatasetInput]) -> None:
        """Note which datasets the run read; the same dataset again changes nothing."""
        self.runs.log_inputs(tenant, run_id, datasets)

    def update_run(self, tenant: str, run_id: str, *, status: str, end_time: int | None = None) -> Run:
        """Set status (RUNNING, FINISHED, FAILED, KILLED) and end time (milliseconds)."""
        return self.runs.update(tenant, run_id, status=status, end_time=end_time)

    def get_run(self, tenant: str, run_id: str) -> Run:
        return self.runs.get(tenant, run_id)

    def ensure_registered_model(self, tenant: str, name: str) -> RegisteredModel:
        """The model of the project with this name, made where need be; it keeps its name from then on."""
        model = self.registry.ensure(tenant, name)
        if PROJECT_TAG not in model.tags:
            self.registry.set_tag(tenant, name, PROJECT_TAG, name)
        return model

    def create_model_version(
        self,
        tenant: str,
        name: str,
        *,
        source: str,
        run_id: str,
        token: str,
        tags: Mapping[str, str] | None = None,
        description: str = "",
    ) -> int:
        """The version's number: dense, unique, and the same for the same token."""
        new = NewVersion(source, run_id, token, tags or {}, description)
        return self.versions.create(tenant, name, new).version

    def set_alias(self, tenant: str, name: str, alias: str, version: int) -> None:
        """Point the alias at the version; NotFound where the version is not there."""
        self.registry.set_alias(tenant, name, alias, version)

    def artifact_uri_of(self, tenant: str, source: str) -> str:
        """The address of the files behind a version's source."""
        scheme, _, rest = source.partition(":")
        first, _, path = rest.strip("/").partition("/")
        if scheme == "runs":
            return f"{self.runs.get(tenant, first).artifact_uri}/{path}"
        if scheme != "models":
            return source
        if first.startswith("m-"):
            return self.models.get(tenant, first).artifact_uri
        return self.artifact_uri_of(tenant, self.versions.get(tenant, first, read_version(path)).source)

    def _points(self, metrics: Mapping[str, float], timestamp: int | None, step: int) -> list[Point]:
        moment = self.table.milliseconds() if timestamp is None else timestamp
        return [Point(Series(key), float(value), moment, step) for key, value in metrics.items()]


def open_tracking(
    client: DynamoDBClient,
    table: str,
    *,
    artifact_root: str = "mlflow-artifacts:/",
    snapshots: Callable[[Table], Snapshots] | None = None,
    clock: Clock = system_clock,
    ids: NewId = new_id,
    chance: Callable[[int], int] = random.randrange,
) -> Tracking:
    """The store over a table (`TRACKING_TABLE`); searches begin from `snapshots` where there are any."""
    opened = Table(client, table, clock, ids, chance=chance)
    return Tracking(opened, artifact_root, snapshots(opened) if snapshots else None)
