"""Batch records: made once an object version, moved by conditional writes; and the parts that are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.domain.batch import OPEN, Batch, Part
from sluice.domain.callback import Delivery
from sluice.stores import keys
from sluice.stores.items import Item, Page, TransactionRefused
from sluice.stores.project_records import ProjectRecords
from sluice.stores.records import from_item, to_attributes

REQUEST_SECONDS = 7 * 24 * 3600
"""So long a request's record is kept; a batch's stays."""


class BatchStore(ProjectRecords[Batch]):
    kind, called, record = "batch", "batch or request", Batch

    def create(self, tenant: str, batch: Batch) -> Batch:
        """Record a batch; for an object version that has one already, that one."""
        expires = int(self.items.clock().timestamp()) + REQUEST_SECONDS if batch.kind == "request" else None
        writes = [self.items.putting({**self._new_open(tenant, batch), "expires_at": expires})]
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

    def change(self, tenant: str, batch: Batch, **changes: Any) -> Batch:
        """Set fields of an open batch that nobody changed since it was read; Conflict otherwise."""
        key = self._key(tenant, batch)
        expected = {"status": OPEN, "rev": batch.rev}
        return from_item(Batch, self.items.update(key, changes, expected=expected))

    def next_attempt(self, tenant: str, batch: Batch) -> Batch:
        """For a workflow that starts again; Conflict when the batch was changed since it was read."""
        key = self._key(tenant, batch)
        changes = {"attempt": batch.attempt + 1}
        return from_item(Batch, self.items.update(key, changes, expected={"rev": batch.rev}))

    def end(self, tenant: str, batch: Batch, status: str, **changes: Any) -> Batch:
        """Give an open batch its final status; Conflict once it has another one.

        It stays under way for `open` until it is `close`d.
        """
        key = self._key(tenant, batch)
        final = {"status": status, "ended_at": self.items.now(), **changes}
        return from_item(Batch, self.items.update(key, final, expected={"status": (*OPEN, status)}))

    def note_delivery(self, tenant: str, batch: Batch, delivery: Delivery) -> Batch:
        """How far its callback is; Conflict when the batch was changed since it was read."""
        key = self._key(tenant, batch)
        changes = {"delivery": to_attributes(delivery)}
        return from_item(Batch, self.items.update(key, changes, expected={"rev": batch.rev}))

    def close(self, tenant: str, batch: Batch, **changes: Any) -> Batch:
        """Nothing is left to do for it."""
        key = self._key(tenant, batch)
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
