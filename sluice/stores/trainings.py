"""Training records: the queue of a project, its lock, and each training's progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Reason
from sluice.domain.training import OPEN, Stage, Training
from sluice.stores import keys
from sluice.stores.items import TransactionRefused
from sluice.stores.project_records import ProjectRecords
from sluice.stores.records import from_item, to_attributes


class TrainingStore(ProjectRecords[Training]):
    kind, record = "training", Training

    def enqueue(self, tenant: str, training: Training) -> str | None:
        """Queue a training. Gives the id of an equal one that succeeded or runs instead, unless forced."""
        identity = keys.training_identity(tenant=tenant, project=training.project, identity=training.identity)
        guard_item = {
            "pk": identity[0],
            "sk": identity[1],
            "training_id": training.training_id,
            "state": "taken",
        }
        guard = (
            self.items.putting(guard_item, condition=None) if training.forced else self._guarding(guard_item)
        )
        queued = {"lsi1sk": keys.queued(sequencer=training.sequencer, training_id=training.training_id)}
        record = self.items.putting(self._new_open(tenant, training) | queued)
        try:
            self.items.transact([guard, record], token=training.training_id)
        except TransactionRefused:
            return self._duplicate(tenant, training)
        return None

    def _guarding(self, guard_item: dict[str, Any]) -> dict[str, Any]:
        free = "attribute_not_exists(pk) OR #state = :free"
        put = self.items.putting(guard_item, condition=free, free="free")
        put["Put"]["ExpressionAttributeNames"] = {"#state": "state"}
        return put

    def _duplicate(self, tenant: str, training: Training) -> str | None:
        key = keys.training_identity(tenant=tenant, project=training.project, identity=training.identity)
        guard = self.items.get(key)
        known = str(guard["training_id"]) if guard else None
        return None if known == training.training_id else known

    def claim_next(self, tenant: str, project: str) -> Training | None:
        """Take the lock for the first queued training; None when one runs or none waits."""
        lock = keys.training_lock(tenant=tenant, project=project)
        partition = keys.project_partition(tenant=tenant, project=project)
        while not self._held(tenant, project, lock):
            waiting = self.items.query(partition, prefix="queued#", index="lsi1", limit=1).items
            if not waiting:
                return None
            first = from_item(Training, waiting[0])
            try:
                self._claim(tenant, first, lock)
            except TransactionRefused:
                continue
            return self.get(tenant, project, first.training_id)
        return None

    def _held(self, tenant: str, project: str, lock: keys.Key) -> bool:
        """Whether the lock is taken; what a crash left locked after its training's end is freed."""
        found = self.items.get(lock)
        if found is None:
            return False
        holder = self.get(tenant, project, found["training_id"])
        if holder.status not in OPEN:
            self.release(tenant, holder)
            return False
        return True

    def _claim(self, tenant: str, first: Training, lock: keys.Key) -> None:
        key = self._key(tenant, first)
        changes = {"status": "running", "attempt": first.attempt + 1}
        self.items.transact(
            [
                self.items.putting({"pk": lock[0], "sk": lock[1], "training_id": first.training_id}),
                self.items.updating(key, changes, expected={"status": "queued"}, remove=["lsi1sk"]),
            ],
            token=self.items.new_id(),
        )

    def change(self, tenant: str, training: Training, **changes: Any) -> Training:
        """Set fields of an open training; Conflict once it has ended."""
        key = self._key(tenant, training)
        return from_item(
            Training, self.items.update(key, changes, expected={"status": ("queued", "running")})
        )

    def begin_stage(self, tenant: str, training: Training, stage: str) -> Training:
        stages = {**_plain(training.stages), stage: to_attributes(Stage(self.items.now()))}
        return self.change(tenant, training, stage=stage, stages=stages)

    def end_stage(  # noqa: PLR0913 - what a state may add
        self,
        tenant: str,
        training: Training,
        stage: str,
        outcome: str,
        /,
        *,
        artefacts: Mapping[str, ArtefactRef] | None = None,
        metrics: Mapping[str, float] | None = None,
        details: Mapping[str, Any] | None = None,
        reasons: Sequence[Reason] = (),
        ended_at: str | None = None,
        **changes: Any,
    ) -> Training:
        """Record what a state found; a state that runs again writes the same once more."""
        began = training.stages.get(stage)
        done = Stage(began.started_at if began else self.items.now(), ended_at or self.items.now(), outcome)
        return self.change(
            tenant,
            training,
            stage=stage,
            stages={**_plain(training.stages), stage: to_attributes(done)},
            artefacts={**_plain(training.artefacts), **_plain(artefacts or {})},
            metrics={**training.metrics, **(metrics or {})},
            details={**training.details, **(details or {})},
            reasons=[to_attributes(reason) for reason in (*training.reasons, *reasons)],
            **changes,
        )

    def conclude(self, tenant: str, training: Training, *, status: str, error: str | None = None) -> Training:
        """End a training: its status is final, its lock is free, a failed identity may train again."""
        key = self._key(tenant, training)
        changes = {"status": status, "ended_at": self.items.now()} | ({"error": error} if error else {})
        ended = self.items.update(
            key, changes, expected={"status": ("queued", "running")}, remove=["gsi1pk", "gsi1sk", "lsi1sk"]
        )
        return from_item(Training, ended)

    def release(self, tenant: str, training: Training) -> None:
        """Free what an ended training holds; safe to repeat."""
        if training.status != "succeeded":
            identity = keys.training_identity(
                tenant=tenant, project=training.project, identity=training.identity
            )
            guard = self.items.get(identity)
            if guard and guard["training_id"] == training.training_id:
                self.items.update(identity, {"state": "free"}, expected={"training_id": training.training_id})
        lock = self.items.get(keys.training_lock(tenant=tenant, project=training.project))
        if lock and lock["training_id"] == training.training_id:
            self.items.delete((lock["pk"], lock["sk"]), expected={"training_id": training.training_id})


def _plain(records: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_attributes(record) for name, record in records.items()}
