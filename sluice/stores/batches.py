"""Batch records: made once an object version, moved by conditional writes; and the parts that are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.domain.batch import OPEN, Batch, Part
from sluice.domain.callback import Delivery
from sluice.domain.errors import NotFound
from sluice.stores import keys
from sluice.stores.items import Item, Items, Page, TransactionRefused
from sluice.stores.records import from_item, to_attributes

REQUEST_SECONDS = 7 * 24 * 3600
"""So long a request's record is kept; a batch's stays."""


@dataclass(frozen=True)
class BatchStore:
    items: Items

    def create(self, tenant: str, batch: Batch) -> Batch:
        """Record a batch; for an object version that has one already, that one."""
        pk, sk = keys.batch(tenant=tenant, project=batch.project, batch_id=batch.batch_id)
        index = {
            "gsi1pk": keys.open_partition(tenant=tenant),
            "gsi1sk": keys.open_record(kind="batch", project=batch.project, record_id=batch.batch_id),
        }
        now = self.items.now()
        expires = int(self.items.clock().timestamp()) + REQUEST_SECONDS if batch.kind == "request" else None
        record = {**to_attributes(batch), "created_at": now, "updated_at": now, "expires_at": expires}
        writes = [self.items.putting({"pk": pk, "sk": sk, **record, **index})]
        if batch.version_id:
            guard = self._guard(tenant, batch.project, batch.key, batch.version_id)
            writes.append(self.items.putting({"pk": guard[0], "sk": guard[1], "batch_id": batch.batch_id}))
        try:
            self.items.transact(writes, token=batch.batch_id)
        except TransactionRefused:
            known = self.find_object(tenant, batch.project, batch.key, batch.version_id or "")
            if known is None:
                raise
            return known
        return self.get(tenant, batch.project, batch.batch_id)

    def find_object(self, tenant: str, project: str, key: str, version_id: str) -> Batch | None:
        """The batch of a dropped object version."""
        guard = self.items.get(self._guard(tenant, project, key, version_id))
        return self.get(tenant, project, guard["batch_id"]) if guard else None

    def find(self, tenant: str, project: str, batch_id: str) -> Batch | None:
        item = self.items.get(keys.batch(tenant=tenant, project=project, batch_id=batch_id))
        return from_item(Batch, item) if item else None

    def get(self, tenant: str, project: str, batch_id: str) -> Batch:
        batch = self.find(tenant, project, batch_id)
        if batch is None:
            raise NotFound(f"project {project!r} has no batch or request {batch_id}")
        return batch

    def page(
        self, tenant: str, project: str, *, limit: int = 100, start: Mapping[str, str] | None = None
    ) -> Page:
        """Newest first, batches and requests."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return self.items.query(partition, prefix="batch#", limit=limit, start=start, descending=True)

    def open(self, tenant: str) -> list[Batch]:
        """Everything that is not at its end."""
        partition = keys.open_partition(tenant=tenant)
        return [
            from_item(Batch, item) for item in self.items.query_all(partition, prefix="batch#", index="gsi1")
        ]

    def change(self, tenant: str, batch: Batch, **changes: Any) -> Batch:
        """Set fields of an open batch that nobody changed since it was read; Conflict otherwise."""
        key = keys.batch(tenant=tenant, project=batch.project, batch_id=batch.batch_id)
        expected = {"status": OPEN, "rev": batch.rev}
        return from_item(Batch, self.items.update(key, changes, expected=expected))

    def next_attempt(self, tenant: str, batch: Batch) -> Batch:
        """For a workflow that starts again; Conflict when the batch was changed since it was read."""
        key = keys.batch(tenant=tenant, project=batch.project, batch_id=batch.batch_id)
        changes = {"attempt": batch.attempt + 1}
        return from_item(Batch, self.items.update(key, changes, expected={"rev": batch.rev}))

    def end(self, tenant: str, batch: Batch, status: str, **changes: Any) -> Batch:
        """Give an open batch its final status; Conflict once it has another one.

        It stays under way for `open` until it is `close`d.
        """
        key = keys.batch(tenant=tenant, project=batch.project, batch_id=batch.batch_id)
        final = {"status": status, "ended_at": self.items.now(), **changes}
        return from_item(Batch, self.items.update(key, final, expected={"status": (*OPEN, status)}))

    def note_delivery(self, tenant: str, batch: Batch, delivery: Delivery) -> Batch:
        """How far its callback is; Conflict when the batch was changed since it was read."""
        key = keys.batch(tenant=tenant, project=batch.project, batch_id=batch.batch_id)
        changes = {"delivery": to_attributes(delivery)}
        return from_item(Batch, self.items.update(key, changes, expected={"rev": batch.rev}))

    def close(self, tenant: str, batch: Batch, **changes: Any) -> Batch:
        """Nothing is left to do for it."""
        key = keys.batch(tenant=tenant, project=batch.project, batch_id=batch.batch_id)
        return from_item(Batch, self.items.update(key, changes, remove=["gsi1pk", "gsi1sk"]))

    def part(self, tenant: str, batch_id: str, number: int) -> Part | None:
        item = self.items.get(keys.batch_part(tenant=tenant, batch_id=batch_id, part=number))
        return from_item(Part, item) if item else None

    def parts(self, tenant: str, batch_id: str) -> list[Part]:
        """The parts that are done, in the order of the file."""
        partition = keys.batch_partition(tenant=tenant, batch_id=batch_id)
        return [from_item(Part, item) for item in self.items.query_all(partition, prefix="part#")]

    def part_page(
        self, tenant: str, batch_id: str, *, limit: int, start: Mapping[str, str] | None = None
    ) -> Page:
        partition = keys.batch_partition(tenant=tenant, batch_id=batch_id)
        return self.items.query(partition, prefix="part#", limit=limit, start=start)

    def finish_part(self, tenant: str, batch_id: str, part: Part, also: Sequence[Item] = ()) -> bool:
        """Record a part, and `also` what is written with it; False where it was recorded before."""
        pk, sk = keys.batch_part(tenant=tenant, batch_id=batch_id, part=part.part)
        put = self.items.putting({"pk": pk, "sk": sk, **to_attributes(part)})
        try:
            self.items.transact([put, *also], token=self.items.new_id())
        except TransactionRefused:
            return False
        return True

    def _guard(self, tenant: str, project: str, key: str, version_id: str) -> keys.Key:
        return keys.uploaded_object(tenant=tenant, project=project, object_key=key, version_id=version_id)
