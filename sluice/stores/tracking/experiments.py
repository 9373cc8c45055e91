"""Experiments: unique names, tags, soft deletion."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sluice.domain.errors import AlreadyExists, Invalid, NotFound, Unavailable
from sluice.domain.tracking.entities import ACTIVE, DELETED, Experiment, Lifecycle
from sluice.stores.items import ConditionFailed, Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.changes import Changes
from sluice.stores.tracking.table import Path, Table
from sluice.stores.tracking.values import ValueStore

DEFAULT_ID, DEFAULT_NAME = "0", "Default"
_RUNS_PER_SHARD = 5_000
_COUNTED = 50
"""One run in so many is counted, as so many: an estimate is all that shards need."""


@dataclass(frozen=True)
class ExperimentStore:
    """`artifact_root` is where new experiments keep their files; `{tenant}` in it stands for the tenant."""

    table: Table
    changes: Changes
    artifact_root: str = "mlflow-artifacts:/"

    @property
    def values(self) -> ValueStore:
        return ValueStore(self.table)

    def create(
        self,
        tenant: str,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        artifact_location: str = "",
        experiment_id: str = "",
    ) -> str:
        """The new experiment's id; AlreadyExists when the name is taken, also by a deleted one."""
        chosen = experiment_id or f"{self.table.milliseconds()}{secrets.randbelow(100_000):05d}"
        now = self.table.milliseconds()
        pk, sk = keys.experiment(tenant=tenant, experiment_id=chosen)
        values = keys.experiment_values(tenant=tenant, experiment_id=chosen)
        item = {
            "pk": pk,
            "sk": sk,
            "name": name,
            "artifact_location": artifact_location or self.artifact_root.replace("{tenant}", tenant) + chosen,
            "lifecycle_stage": ACTIVE,
            "creation_time": now,
            "last_update_time": now,
            "shards": 1,
            "runs": 0,
            "tags": self.values.store_all(values, tags or {}),
        }
        writes = [self.table.putting(item), self.table.putting(self._guard(tenant, name, chosen))]
        try:
            self.table.transact(writes, token=self.table.new_id())
        except (TransactionRefused, Unavailable) as refused:
            # Of two creators of one name at once, one may hear "conflict".
            taken = self._taken(tenant, name)
            if taken is None:
                raise
            raise taken from refused
        return chosen

    def ensure(self, tenant: str, name: str) -> str:
        """The id of the experiment with this name, made if there is none; a deleted one comes back."""
        try:
            found = self.get_by_name(tenant, name)
        except NotFound:
            try:
                return self.create(tenant, name)
            except AlreadyExists:
                found = self.get_by_name(tenant, name)
        if found.lifecycle_stage == DELETED:
            self.set_lifecycle(tenant, found.experiment_id, ACTIVE)
        return found.experiment_id

    def get(self, tenant: str, experiment_id: str) -> Experiment:
        """The experiment; that with the id 0 is there for every tenant, as on every MLflow server."""
        return self._found(tenant, experiment_id, self.table.now(), None)

    def find(self, tenant: str, experiment_id: str) -> Experiment | None:
        """The experiment, if it has been made."""
        now = self.table.now()
        item = self.table.get(keys.experiment(tenant=tenant, experiment_id=experiment_id))
        return self._read(tenant, item, now) if item else None

    def _found(self, tenant: str, experiment_id: str, now: str, item: Item | None) -> Experiment:
        item = item or self.table.get(keys.experiment(tenant=tenant, experiment_id=experiment_id))
        if item is None and experiment_id == DEFAULT_ID:
            self._make_default(tenant)
            return self.get(tenant, experiment_id)
        if item is None:
            raise NotFound(f"No Experiment with id={experiment_id} exists")
        return self._read(tenant, item, now)

    def get_by_name(self, tenant: str, name: str) -> Experiment:
        guard = self.table.get(keys.experiment_name(tenant=tenant, name=name))
        if guard is None and name == DEFAULT_NAME:
            self._make_default(tenant)
            return self.get_by_name(tenant, name)
        if guard is None:
            raise NotFound(f"Could not find experiment with name '{name}'")
        return self.get(tenant, str(guard["experiment_id"]))

    def all(self, tenant: str) -> list[Experiment]:
        """Active and deleted ones, in no order that means anything."""
        now = self.table.now()
        items = list(self.table.read(keys.experiments_partition(tenant=tenant)))
        if not any(item["sk"] == DEFAULT_ID for item in items):
            self._make_default(tenant)
            items += self.table.read(keys.experiments_partition(tenant=tenant), DEFAULT_ID)
        return [self._read(tenant, item, now) for item in items]

    def active(self, tenant: str, experiment_id: str) -> Experiment:
        """The experiment, if it may be changed."""
        return self._active(self.get(tenant, experiment_id))

    def changing(self, tenant: str, experiment_id: str, *, runs: int = 0) -> Experiment:
        """The same, and marked as changed in this minute, in one request; `runs` are counted by it."""
        now = self.table.now()
        marked = self.changes.mark(tenant, experiment_id, now, runs)
        if marked is None and runs:
            marked = self.table.count(keys.experiment(tenant=tenant, experiment_id=experiment_id), runs)
        return self._active(self._found(tenant, experiment_id, now, marked))

    def for_new_run(self, tenant: str, experiment_id: str) -> Experiment:
        """The same for a new run. One in fifty counts, for all: shards grow with runs."""
        runs = 0 if self.table.chance(_COUNTED) else _COUNTED
        found = self.changing(tenant, experiment_id, runs=runs)
        shards = 1 + found.runs // _RUNS_PER_SHARD
        if runs and shards > found.shards:
            key = keys.experiment(tenant=tenant, experiment_id=experiment_id)
            with suppress(ConditionFailed):  # somebody else let it grow
                self.table.update(key, {"shards": shards}, expected={"shards": found.shards})
        return found

    def _active(self, found: Experiment) -> Experiment:
        if found.lifecycle_stage != ACTIVE:
            raise _inactive(found.experiment_id, found.lifecycle_stage)
        return found

    def rename(self, tenant: str, experiment_id: str, name: str) -> None:
        """AlreadyExists when the new name is taken; the old one is free again."""
        found = self.active(tenant, experiment_id)
        if found.name == name:
            return
        key = keys.experiment(tenant=tenant, experiment_id=experiment_id)
        sets: dict[Path, object] = {("name",): name, ("last_update_time",): self.table.milliseconds()}
        writes = [
            self.table.putting(self._guard(tenant, name, experiment_id)),
            self.table.editing(key, sets, name=found.name, lifecycle_stage=ACTIVE),
            self.table.deleting(keys.experiment_name(tenant=tenant, name=found.name)),
        ]
        try:
            self.table.transact(writes, token=self.table.new_id())
        except TransactionRefused as refused:
            raise self._taken(tenant, name) or refused from refused

    def set_lifecycle(self, tenant: str, experiment_id: str, stage: Lifecycle) -> None:
        """Delete (softly) or restore; NotFound when it is so already, as MLflow has it."""
        before: Lifecycle = DELETED if stage == ACTIVE else ACTIVE
        self.get(tenant, experiment_id)
        key = keys.experiment(tenant=tenant, experiment_id=experiment_id)
        now = self.table.milliseconds()
        deleted = now if stage == DELETED else None
        sets, removes = keys.deletion(moment=deleted, tenant=tenant, kind="experiment", name=experiment_id)
        sets |= {("lifecycle_stage",): stage, ("last_update_time",): now}
        try:
            self.table.edit(key, sets, removes, lifecycle_stage=before)
        except ConditionFailed as failed:
            raise NotFound(f"No {before} experiment with id={experiment_id} exists") from failed

    def set_tag(self, tenant: str, experiment_id: str, key: str, value: str) -> None:
        values = keys.experiment_values(tenant=tenant, experiment_id=experiment_id)
        self._edit_tag(tenant, experiment_id, {("tags", key): self.values.store(values, value)})

    def delete_tag(self, tenant: str, experiment_id: str, key: str) -> None:
        if key not in self.active(tenant, experiment_id).tags:
            raise NotFound(f"No tag with name: {key} in experiment with id {experiment_id}")
        self._edit_tag(tenant, experiment_id, {}, (("tags", key),))

    def _edit_tag(
        self,
        tenant: str,
        experiment_id: str,
        sets: Mapping[Path, object],
        removes: Sequence[Path] = (),
    ) -> None:
        key = keys.experiment(tenant=tenant, experiment_id=experiment_id)
        touched = {**sets, ("last_update_time",): self.table.milliseconds()}
        try:
            self.table.edit(key, touched, removes, lifecycle_stage=ACTIVE)
        except ConditionFailed as failed:
            if failed.found is None:
                raise NotFound(f"No Experiment with id={experiment_id} exists") from failed
            raise _inactive(experiment_id, failed.found["lifecycle_stage"]) from failed

    def _make_default(self, tenant: str) -> None:
        try:
            self.create(tenant, DEFAULT_NAME, experiment_id=DEFAULT_ID)
        except AlreadyExists:
            return

    def _read(self, tenant: str, item: Item, now: str) -> Experiment:
        experiment_id = item["sk"]
        values = keys.experiment_values(tenant=tenant, experiment_id=experiment_id)
        return Experiment(
            experiment_id=experiment_id,
            name=item["name"],
            artifact_location=item["artifact_location"],
            lifecycle_stage=item["lifecycle_stage"],
            creation_time=item["creation_time"],
            last_update_time=item["last_update_time"],
            tags=self.values.texts(values, item["tags"]),
            shards=item["shards"],
            runs=int(item.get("runs", 0)),
            changed=item.get("changed", ""),
            read_at=now,
        )

    def _guard(self, tenant: str, name: str, experiment_id: str) -> Item:
        pk, sk = keys.experiment_name(tenant=tenant, name=name)
        return {"pk": pk, "sk": sk, "experiment_id": experiment_id}

    def _taken(self, tenant: str, name: str) -> AlreadyExists | None:
        guard = self.table.get(keys.experiment_name(tenant=tenant, name=name))
        if guard is None:
            return None
        found = self.get(tenant, str(guard["experiment_id"]))
        suffix = " in deleted state" if found.lifecycle_stage == DELETED else ""
        return AlreadyExists(f"Experiment(name={name}) already exists{suffix}")


def _inactive(experiment_id: str, stage: str) -> Invalid:
    return Invalid(f"The experiment {experiment_id} must be in the 'active' state. Current state is {stage}.")
