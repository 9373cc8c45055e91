"""Logged models: what a run made, before (and whether or not) it is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sluice.domain.errors import NotFound
from sluice.domain.tracking.entities import ACTIVE, DELETED, LargeValue, LoggedModel, Point
from sluice.stores.tracking.documents import Document, add_params, delete_tag, set_tags
from sluice.stores.tracking.experiments import ExperimentStore
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.owners import OwnerStore, Parts
from sluice.stores.tracking.table import Table
from sluice.stores.tracking.values import large_values

PENDING = "LOGGED_MODEL_PENDING"


@dataclass(frozen=True)
class NewLoggedModel:
    name: str
    model_type: str = ""
    source_run_id: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoggedModelStore:
    table: Table
    experiments: ExperimentStore
    owners: OwnerStore

    def create(self, tenant: str, experiment_id: str, new: NewLoggedModel) -> LoggedModel:
        """The new model, pending until it is finalized."""
        experiment = self.experiments.changing(tenant, experiment_id)
        model_id = "m-" + self.table.new_id().replace("-", "")
        now = self.table.milliseconds()
        head = {
            "name": new.name,
            "model_type": new.model_type,
            "source_run_id": new.source_run_id,
            "status": PENDING,
            "creation_time": now,
            "last_update_time": now,
            "lifecycle_stage": ACTIVE,
            "artifact_uri": f"{experiment.artifact_location.rstrip('/')}/models/{model_id}/artifacts",
        }
        aside = Place(tenant, "model", model_id, experiment_id, 0)
        document = Document(0)
        params = self.owners.values.store_all(aside.own_partition, new.params)
        tags = self.owners.values.store_all(aside.own_partition, new.tags)
        add_params([document], model_id, params)
        set_tags([document], tags)
        place = self.owners.create(tenant, model_id, experiment, head, document)
        if place is None:
            raise NotFound(f"Logged model with id={model_id} could not be made")
        return read_logged_model(Parts(place, head, params, tags, []))

    def get(self, tenant: str, model_id: str) -> LoggedModel:
        """The model with its large values; NotFound also when it was deleted."""
        place = self.owners.find(tenant, model_id)
        model = read_logged_model(self.owners.read(place))
        if model.lifecycle_stage == DELETED:
            raise self.owners.missing(model_id)
        return self.resolve([(place, model)])[0]

    def resolve(self, models: Sequence[tuple[Place, LoggedModel]]) -> list[LoggedModel]:
        """The models with all their large values in place."""
        texts = self.owners.values.load(
            (place.own_partition, value)
            for place, model in models
            for value in large_values([*model.params.values(), *model.tags.values()])
        )
        if not texts:
            return [model for _, model in models]
        return [_resolved(model, texts) for _, model in models]

    def finalize(self, tenant: str, model_id: str, status: str) -> LoggedModel:
        place = self.owners.find(tenant, model_id)
        self.owners.update_head(place, {"status": status, "last_update_time": self.table.milliseconds()})
        return self.get(tenant, model_id)

    def delete(self, tenant: str, model_id: str) -> None:
        self.owners.set_lifecycle(self.owners.find(tenant, model_id), DELETED)

    def set_tags(self, tenant: str, model_id: str, tags: Mapping[str, str]) -> None:
        self.owners.set_tags(self.owners.find(tenant, model_id), tags)

    def delete_tag(self, tenant: str, model_id: str, key: str) -> None:
        place = self.owners.find(tenant, model_id)
        self.owners.change(place, lambda documents: delete_tag(documents, model_id, key))

    def log_params(self, tenant: str, model_id: str, params: Mapping[str, str]) -> None:
        place = self.owners.find(tenant, model_id)
        stored = self.owners.values.store_all(place.own_partition, params)
        self.owners.change(place, lambda documents: add_params(documents, model_id, stored))

    def log_points(self, tenant: str, run_id: str, points: Sequence[Point]) -> None:
        """Note a run's points on the models they were measured on."""
        by_model: dict[str, list[Point]] = {}
        for point in points:
            if point.series.linked_id:
                series = point.series._replace(linked_id=run_id)
                by_model.setdefault(point.series.linked_id, []).append(point._replace(series=series))
        for model_id, measured in by_model.items():
            self.owners.log_points(self.owners.find(tenant, model_id), measured)

    def history(self, tenant: str, model_id: str, key: str) -> list[Point]:
        return self.owners.metrics.history(self.owners.find(tenant, model_id), key)


def read_logged_model(parts: Parts) -> LoggedModel:
    """The model, its large values not yet loaded."""
    head = parts.head
    return LoggedModel(
        model_id=parts.place.name,
        experiment_id=parts.place.experiment_id,
        name=head["name"],
        model_type=head["model_type"],
        source_run_id=head["source_run_id"],
        status=head["status"],
        creation_time=head["creation_time"],
        last_update_time=head["last_update_time"],
        lifecycle_stage=head["lifecycle_stage"],
        artifact_uri=head["artifact_uri"],
        params=parts.params,
        tags=parts.tags,
        metrics=tuple(parts.points),
    )


def _resolved(model: LoggedModel, texts: Mapping[str, str]) -> LoggedModel:
    def loaded(values: Mapping[str, str | LargeValue]) -> dict[str, str | LargeValue]:
        return {
            key: texts[value.sha256] if isinstance(value, LargeValue) else value
            for key, value in values.items()
        }

    return replace(model, params=loaded(model.params), tags=loaded(model.tags))
