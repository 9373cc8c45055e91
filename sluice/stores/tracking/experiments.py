"""Experiments: unique names, tags, soft deletion."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.errors import AlreadyExists, Invalid, NotFound, Unavailable
from sluice.domain.tracking.entities import ACTIVE, DELETED, Experiment, Lifecycle
from sluice.stores.items import ConditionFailed, Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.table import Table

DEFAULT_ID, DEFAULT_NAME = "0", "Default"
_RUNS_PER_SHARD = 5_000
_COUNTED = 50
"""One run in so many is counted, as so many: an estimate is all that shards need."""


@dataclass(frozen=True)
class ExperimentStore:
    table: Table
    artifact_root: str = "mlflow-artifacts:/"

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
        item = {
            "pk": keys.experiments_partition(tenant=tenant),
            "sk": keys.experiment(tenant=tenant, experiment_id=chosen)[1],
            "name": name,
            "artifact_location": artifact_location or self.artifact_root.replace("{tenant}", tenant) + chosen,
            "lifecycle_stage": ACTIVE,
            "creation_time": now,
            "last_update_time": now,
            "shards": 1,
            "runs": 0,
        }
        writes = [self.table.putting(item), self.table.putting(self._name_guard(tenant, name, chosen))]
        writes += [
            self.table.putting(self._tag(tenant, chosen, key, value)) for key, value in (tags or {}).items()
        ]
        try:
            self.table.transact(writes[:100], token=self.table.new_id())
        except TransactionRefused as refused:
            raise self._taken(tenant, name) from refused
        except Unavailable as refused:
            # The embedded AWS and AWS alike may say "conflict" to one of two creators of the same name.
            if self.table.get(keys.experiment_name(tenant=tenant, name=name)) is None:
                raise
            raise self._taken(tenant, name) from refused
        return chosen

    def ensure(self, tenant: str, name: str) -> str:
        """The id of the experiment with this name, made if there is none; a deleted one comes back."""
        if name == DEFAULT_NAME:
            self.ensure_default(tenant)
        guard = self.table.get(keys.experiment_name(tenant=tenant, name=name))
        if guard is None:
            try:
                return self.create(tenant, name)
            except AlreadyExists:
                guard = self.table.get(keys.experiment_name(tenant=tenant, name=name)) or {}
        experiment_id = str(guard["experiment_id"])
        if self.get(tenant, experiment_id).lifecycle_stage == DELETED:
            self.set_lifecycle(tenant, experiment_id, ACTIVE)
        return experiment_id

    def ensure_default(self, tenant: str) -> None:
        """Every tenant has the experiment `Default` with the id 0, as every MLflow server has."""
        if self.table.get(keys.experiment(tenant=tenant, experiment_id=DEFAULT_ID)) is None:
            try:
                self.create(tenant, DEFAULT_NAME, experiment_id=DEFAULT_ID)
            except AlreadyExists:
                return

    def get(self, tenant: str, experiment_id: str) -> Experiment:
        found = next(iter(self._read(tenant, keys.experiment_prefix(experiment_id=experiment_id))), None)
        if found is None and experiment_id == DEFAULT_ID:
            self.ensure_default(tenant)
            return self.get(tenant, experiment_id)
        if found is None:
            raise NotFound(f"No Experiment with id={experiment_id} exists")
        return found

    def get_by_name(self, tenant: str, name: str) -> Experiment:
        if name == DEFAULT_NAME:
            self.ensure_default(tenant)
        guard = self.table.get(keys.experiment_name(tenant=tenant, name=name))
        if guard is None:
            raise NotFound(f"Could not find experiment with name '{name}'")
        return self.get(tenant, str(guard["experiment_id"]))

    def all(self, tenant: str) -> list[Experiment]:
        """Active and deleted ones, in no order that means anything."""
        found = list(self._read(tenant, keys.EXPERIMENTS))
        if not any(one.experiment_id == DEFAULT_ID for one in found):
            self.ensure_default(tenant)
            found.append(self.get(tenant, DEFAULT_ID))
        return found

    def active(self, tenant: str, experiment_id: str) -> Experiment:
        """The experiment, if runs may be added to it."""
        found = self.get(tenant, experiment_id)
        if found.lifecycle_stage != ACTIVE:
            raise Invalid(
                f"The experiment {experiment_id} must be in the 'active' state. "
                f"Current state is {found.lifecycle_stage}."
            )
        return found

    def rename(self, tenant: str, experiment_id: str, name: str) -> None:
        found = self.active(tenant, experiment_id)
        if found.name == name:
            return
        key = keys.experiment(tenant=tenant, experiment_id=experiment_id)
        writes = [
            self.table.putting(self._name_guard(tenant, name, experiment_id)),
            self.table.updating(
                key,
                {"name": name, "last_update_time": self.table.milliseconds()},
                expected={"name": found.name, "lifecycle_stage": ACTIVE},
            ),
            self.table.deleting(keys.experiment_name(tenant=tenant, name=found.name)),
        ]
        try:
            self.table.transact(writes, token=self.table.new_id())
        except TransactionRefused as refused:
            raise self._taken(tenant, name) from refused

    def set_lifecycle(self, tenant: str, experiment_id: str, stage: Lifecycle) -> None:
        """Delete (softly) or restore; NotFound when it is so already, as MLflow has it."""
        before: Lifecycle = DELETED if stage == ACTIVE else ACTIVE
        self.get(tenant, experiment_id)
        try:
            self.table.update(
                keys.experiment(tenant=tenant, experiment_id=experiment_id),
                {"lifecycle_stage": stage, "last_update_time": self.table.milliseconds()},
                expected={"lifecycle_stage": before},
            )
        except ConditionFailed as failed:
            raise NotFound(f"No {before} experiment with id={experiment_id} exists") from failed

    def set_tag(self, tenant: str, experiment_id: str, key: str, value: str) -> None:
        self._change_tag(
            tenant,
            experiment_id,
            self.table.putting(self._tag(tenant, experiment_id, key, value), condition=None),
        )

    def delete_tag(self, tenant: str, experiment_id: str, key: str) -> None:
        if key not in self.active(tenant, experiment_id).tags:
            raise NotFound(f"No tag with name: {key} in experiment with id {experiment_id}")
        tag = keys.experiment_tag(tenant=tenant, experiment_id=experiment_id, key=key)
        self._change_tag(tenant, experiment_id, self.table.deleting(tag))

    def count_run(self, tenant: str, experiment: Experiment) -> None:
        """Let shards grow with runs: called for each new one, counts one in fifty."""
        if random.randrange(_COUNTED):  # noqa: S311 - a sample, no secret
            return
        key = keys.experiment(tenant=tenant, experiment_id=experiment.experiment_id)
        item = self.table.get(key) or {}
        runs = int(item.get("runs", 0)) + _COUNTED
        shards = max(int(item.get("shards", 1)), 1 + runs // _RUNS_PER_SHARD)
        try:
            self.table.update(key, {"runs": runs, "shards": shards}, expected={"runs": item.get("runs", 0)})
        except ConditionFailed:
            return

    def _change_tag(self, tenant: str, experiment_id: str, write: Item) -> None:
        touch = self.table.updating(
            keys.experiment(tenant=tenant, experiment_id=experiment_id),
            {"last_update_time": self.table.milliseconds()},
            expected={"lifecycle_stage": ACTIVE},
        )

        def attempt() -> None:
            self.table.transact([touch, write], token=self.table.new_id())

        try:
            self.table.until_settled(attempt, retry=(Unavailable,))
        except TransactionRefused:
            self.active(tenant, experiment_id)

    def _read(self, tenant: str, prefix: str) -> Iterable[Experiment]:
        bases: dict[str, Item] = {}
        tags: dict[str, dict[str, str]] = {}
        for item in self.table.read(keys.experiments_partition(tenant=tenant), prefix):
            experiment_id, is_tag = keys.experiment_part(item["sk"])
            if is_tag:
                tags.setdefault(experiment_id, {})[item["key"]] = item["value"]
            else:
                bases[experiment_id] = item
        for experiment_id, item in bases.items():
            yield _experiment(experiment_id, item, tags.get(experiment_id, {}))

    def _name_guard(self, tenant: str, name: str, experiment_id: str) -> Item:
        pk, sk = keys.experiment_name(tenant=tenant, name=name)
        return {"pk": pk, "sk": sk, "experiment_id": experiment_id}

    def _tag(self, tenant: str, experiment_id: str, key: str, value: str) -> Item:
        pk, sk = keys.experiment_tag(tenant=tenant, experiment_id=experiment_id, key=key)
        return {"pk": pk, "sk": sk, "key": key, "value": value}

    def _taken(self, tenant: str, name: str) -> AlreadyExists:
        guard = self.table.get(keys.experiment_name(tenant=tenant, name=name)) or {}
        suffix = ""
        if guard:
            found = self.get(tenant, str(guard["experiment_id"]))
            suffix = " in deleted state" if found.lifecycle_stage == DELETED else ""
        return AlreadyExists(f"Experiment(name={name}) already exists{suffix}")


def _experiment(experiment_id: str, item: Mapping[str, Any], tags: Mapping[str, str]) -> Experiment:
    return Experiment(
        experiment_id=experiment_id,
        name=item["name"],
        artifact_location=item["artifact_location"],
        lifecycle_stage=item["lifecycle_stage"],
        creation_time=item["creation_time"],
        last_update_time=item["last_update_time"],
        tags=tags,
        shards=item.get("shards", 1),
    )
