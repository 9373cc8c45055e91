"""Runs: created once, logged to, ended, softly deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sluice.domain.errors import AlreadyExists
from sluice.domain.tracking.entities import (
    ACTIVE,
    RUN_NAME_TAG,
    DatasetInput,
    LargeValue,
    Lifecycle,
    Point,
    Run,
    Value,
)
from sluice.domain.tracking.points import by_key
from sluice.stores.tracking.documents import (
    Document,
    add_inputs,
    add_models,
    add_params,
    delete_tag,
    set_tags,
)
from sluice.stores.tracking.experiments import ExperimentStore
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.owners import OwnerStore, Parts
from sluice.stores.tracking.table import Table
from sluice.stores.tracking.values import large_values


@dataclass(frozen=True)
class NewRun:
    """`name` becomes the tag `mlflow.runName`; `run_id` empty: one is made."""

    name: str
    user_id: str = ""
    start_time: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""


@dataclass(frozen=True)
class RunStore:
    table: Table
    experiments: ExperimentStore
    owners: OwnerStore

    def create(self, tenant: str, experiment_id: str, new: NewRun) -> Run:
        """The new run; AlreadyExists when its id is taken, Invalid when the experiment is deleted."""
        experiment = self.experiments.for_new_run(tenant, experiment_id)
        run_id = new.run_id or self.table.new_id().replace("-", "")
        head = {
            "user_id": new.user_id,
            "status": "RUNNING",
            "start_time": new.start_time or self.table.milliseconds(),
            "lifecycle_stage": ACTIVE,
            "artifact_uri": f"{experiment.artifact_location.rstrip('/')}/{run_id}/artifacts",
        }
        aside = Place(tenant, "run", run_id, experiment_id, 0)
        named = {**new.tags, RUN_NAME_TAG: new.name}
        tags = self.owners.values.store_all(aside.own_partition, named)
        document = Document(0)
        set_tags([document], tags)
        place = self.owners.create(tenant, run_id, experiment, head, document)
        if place is None:
            raise AlreadyExists(f"Run with id={run_id} already exists")
        return read_run(Parts(place, head, {}, tags, []))

    def get(self, tenant: str, run_id: str) -> Run:
        """The run with its large values."""
        place = self.owners.find(tenant, run_id)
        run = read_run(self.owners.read(place))
        return self.resolve([(place, run)])[0]

    def resolve(self, runs: Sequence[tuple[Place, Run]]) -> list[Run]:
        """The runs with all their large values in place."""
        texts = self.owners.values.load(
            (place.own_partition, value) for place, run in runs for value in _large(run)
        )
        return [_resolved(run, texts) if texts else run for _, run in runs]

    def log_batch(
        self,
        tenant: str,
        run_id: str,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Params and tags first: a refused param leaves no point behind."""
        place = self.owners.find(tenant, run_id)
        if params or tags:
            stored_params = self.owners.values.store_all(place.own_partition, params or {})
            stored_tags = self.owners.values.store_all(place.own_partition, tags or {})

            def change(documents: list[Document]) -> None:
                add_params(documents, run_id, stored_params)
                set_tags(documents, stored_tags)

            self.owners.change(place, change)
        if points:
            self.owners.log_points(place, points)

    def delete_tag(self, tenant: str, run_id: str, key: str) -> None:
        place = self.owners.find(tenant, run_id)
        self.owners.change(place, lambda documents: delete_tag(documents, run_id, key))

    def log_inputs(
        self, tenant: str, run_id: str, datasets: Sequence[DatasetInput], models: Sequence[str] = ()
    ) -> None:
        place = self.owners.find(tenant, run_id)
        store = self.owners.values.store
        kept = [
            replace(
                one,
                source=store(place.own_partition, str(one.source)),
                schema=None if one.schema is None else store(place.own_partition, str(one.schema)),
                profile=None if one.profile is None else store(place.own_partition, str(one.profile)),
            )
            for one in datasets
        ]

        def change(documents: list[Document]) -> None:
            add_inputs(documents, kept)
            add_models(documents, models, ())

        self.owners.change(place, change)

    def log_outputs(self, tenant: str, run_id: str, models: Sequence[tuple[str, int]]) -> None:
        place = self.owners.find(tenant, run_id)
        self.owners.change(place, lambda documents: add_models(documents, (), models))

    def update(
        self, tenant: str, run_id: str, *, status: str = "", end_time: int | None = None, name: str = ""
    ) -> Run:
        """Set what is given."""
        place = self.owners.find(tenant, run_id)
        changes = {"status": status or None, "end_time": end_time}
        self.owners.update_head(place, {key: value for key, value in changes.items() if value is not None})
        if name:
            self.owners.set_tags(place, {RUN_NAME_TAG: name})
        return read_run(self.owners.read(place))

    def set_lifecycle(self, tenant: str, run_id: str, stage: Lifecycle) -> None:
        """Delete (softly) or restore; Invalid when it is so already."""
        self.owners.set_lifecycle(self.owners.find(tenant, run_id), stage)

    def history(self, tenant: str, run_id: str, key: str) -> list[Point]:
        return self.owners.metrics.history(self.owners.find(tenant, run_id), key)


def read_run(parts: Parts) -> Run:
    """The run, its large values not yet loaded."""
    head = parts.head
    return Run(
        run_id=parts.place.name,
        experiment_id=parts.place.experiment_id,
        user_id=head["user_id"],
        status=head["status"],
        start_time=head["start_time"],
        end_time=head.get("end_time"),
        lifecycle_stage=head["lifecycle_stage"],
        artifact_uri=head["artifact_uri"],
        params=parts.params,
        tags=parts.tags,
        latest=by_key(parts.points),
        inputs=tuple(one for document in parts.documents for one in document.inputs),
        model_inputs=tuple(one for document in parts.documents for one in document.model_inputs),
        model_outputs=tuple(one for document in parts.documents for one in document.model_outputs),
    )


def _large(run: Run) -> Iterable[LargeValue]:
    values: list[Value | None] = [*run.params.values(), *run.tags.values()]
    for one in run.inputs:
        values += [one.source, one.schema, one.profile]
    return large_values(values)


def _resolved(run: Run, texts: Mapping[str, str]) -> Run:
    def text(value: Value) -> Value:
        return texts.get(value.sha256, value) if isinstance(value, LargeValue) else value

    def optional(value: Value | None) -> Value | None:
        return None if value is None else text(value)

    return replace(
        run,
        params={key: text(value) for key, value in run.params.items()},
        tags={key: text(value) for key, value in run.tags.items()},
        inputs=tuple(
            replace(one, source=text(one.source), schema=optional(one.schema), profile=optional(one.profile))
            for one in run.inputs
        ),
    )
