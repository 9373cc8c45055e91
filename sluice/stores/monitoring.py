"""Monitoring in the platform table: counted chunks, and totals by model version.

Everything that must happen together is one transaction: records are counted together with the guard that
remembers them, and chunks are taken in together with the total, the window and the report they lead to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.counts import Counts
from sluice.domain.monitor import Chunk, Monitor
from sluice.stores import keys
from sluice.stores.drift_reports import Report, report_item
from sluice.stores.items import Item, Items, TransactionRefused

DELIVERY_DAYS = 8
"""Longer than a stream keeps its records."""
MERGED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the open window of a model version is, with what was counted but not taken in yet."""

    environment: str
    model_version: int
    windows: int
    rows_open: int
    labels_open: int


@dataclass(frozen=True)
class MonitoringStore:
    items: Items

    def delivery(self, tenant: str, first: str) -> tuple[str, ...] | None:
        """The records counted together with this one, if it was the first of them."""
        item = self.items.get(keys.delivery(tenant=tenant, first=first))
        return None if item is None else tuple(item["members"])

    def record_delivery(
        self, tenant: str, members: Sequence[str], chunks: Sequence[tuple[str, Chunk]]
    ) -> bool:
        """Count records once: their chunks (with their tenants) and the guard, or nothing.

        False where the first of them was counted before.
        """
        guard = self.items.putting(self._delivery_item(tenant, members))
        puts = [self.items.putting(_chunk_item(owner, chunk)) for owner, chunk in chunks]
        try:
            self.items.transact([guard, *puts], token=self.items.new_id())
        except TransactionRefused:
            return False
        return True

    def counting(self, tenant: str, chunk: Chunk) -> Item:
        """Writes a chunk as a part of somebody's transaction."""
        return self.items.putting(_chunk_item(tenant, chunk))

    def forward_delivery(self, tenant: str, members: Sequence[str]) -> None:
        """Remember that these were counted, where a later delivery will begin with the first of them."""
        self.items.put_new(self._delivery_item(tenant, members))

    def _delivery_item(self, tenant: str, members: Sequence[str]) -> Item:
        pk, sk = keys.delivery(tenant=tenant, first=members[0])
        return {"pk": pk, "sk": sk, "members": list(members), "expires_at": self._in_days(DELIVERY_DAYS)}

    def pending(
        self, tenant: str, project: str, environment: str, version: int, *, limit: int
    ) -> tuple[list[Chunk], bool]:
        """The first chunks nobody has taken in, in the order of scoring, and whether there are more."""
        page = self.items.query(
            keys.project_partition(tenant=tenant, project=project),
            prefix=keys.pending_chunks(environment=environment, version=version),
            index="lsi1",
            limit=limit,
        )
        return [_chunk(item) for item in page.items], page.next_key is not None

    def monitor(self, tenant: str, project: str, environment: str, version: int) -> Monitor:
        """The totals of a model version; new and empty where nothing was counted yet."""
        key = keys.monitor(tenant=tenant, project=project, environment=environment, version=version)
        item = self.items.get(key)
        return Monitor(**_read(Monitor, item)) if item else Monitor(project, environment, version)

    def open_windows(self, tenant: str, project: str) -> list[tuple[str, int]]:
        """Environments and model versions with something in their window, or waiting for it."""
        return [
            (entry.environment, entry.model_version)
            for entry in self.progress(tenant, project)
            if entry.rows_open or entry.labels_open
        ]

    def advance(
        self, tenant: str, monitor: Monitor, chunks: Sequence[Chunk], report: Report | None = None
    ) -> bool:
        """Take in chunks (at most 95) and close a window with its report, or change nothing.

        False where somebody else advanced from the same revision.
        """
        writes = [self._saving(tenant, monitor)]
        writes += [self._merging(tenant, chunk) for chunk in chunks]
        if report:
            writes.append(self.items.putting(report_item(tenant, report)))
        try:
            self.items.transact(writes, token=self.items.new_id())
        except TransactionRefused:
            return False
        return True

    def progress(self, tenant: str, project: str) -> list[Progress]:
        """By environment and model version, oldest first."""
        partition = keys.project_partition(tenant=tenant, project=project)
        found = {
            (item["environment"], item["model_version"]): [
                item["windows"],
                item["rows_open"],
                item["labels_open"],
            ]
            for item in self.items.query_all(partition, prefix="monitor#")
        }
        for item in self.items.query_all(partition, prefix=keys.pending_chunks(), index="lsi1"):
            entry = found.setdefault((item["environment"], item["model_version"]), [0, 0, 0])
            entry[1] += item["rows"]
            entry[2] += item["labels"]
        return [Progress(*place, *numbers) for place, numbers in sorted(found.items())]

    def _saving(self, tenant: str, monitor: Monitor) -> Item:
        key = keys.monitor(
            tenant=tenant,
            project=monitor.project,
            environment=monitor.environment,
            version=monitor.model_version,
        )
        item = _monitor_item(key, monitor)
        if not monitor.rev:
            return self.items.putting(item)
        return self.items.putting(item, condition="rev = :expected", expected=monitor.rev)

    def _merging(self, tenant: str, chunk: Chunk) -> Item:
        key = _chunk_key(tenant, chunk)
        changes = {"expires_at": self._in_days(MERGED_DAYS)}
        return self.items.updating(key, changes, expected={"lsi1sk": _pending(chunk)}, remove=["lsi1sk"])

    def _in_days(self, days: int) -> int:
        return int((self.items.clock() + timedelta(days=days)).timestamp())


def _chunk_key(tenant: str, chunk: Chunk) -> keys.Key:
    return keys.counted_chunk(
        tenant=tenant,
        project=chunk.project,
        environment=chunk.environment,
        version=chunk.model_version,
        chunk_id=chunk.chunk_id,
    )


def _pending(chunk: Chunk) -> str:
    return keys.pending_chunks(environment=chunk.environment, version=chunk.model_version) + chunk.chunk_id


def _chunk_item(tenant: str, chunk: Chunk) -> Item:
    pk, sk = _chunk_key(tenant, chunk)
    size = {"rows": chunk.counts.rows, "labels": chunk.counts.labels}
    objects = [asdict(ref) for ref in chunk.objects]
    return {"pk": pk, "sk": sk, "lsi1sk": _pending(chunk), **_plain(chunk), **size, "objects": objects}


def _chunk(item: Item) -> Chunk:
    objects = tuple(ArtefactRef(**ref) for ref in item["objects"])
    return Chunk(**{**_read(Chunk, item), "objects": objects})


def _monitor_item(key: keys.Key, monitor: Monitor) -> Item:
    size = {"rows_open": monitor.rows_open, "labels_open": monitor.labels_open}
    return {"pk": key[0], "sk": key[1], **_plain(monitor), **size, "rev": monitor.rev + 1}


def _plain(record: Chunk | Monitor) -> Item:
    """Its fields, counts as bytes."""
    values = {each.name: getattr(record, each.name) for each in fields(record)}
    return {name: value.to_bytes() if isinstance(value, Counts) else value for name, value in values.items()}


def _read(kind: type[Chunk | Monitor], item: Item) -> dict[str, Any]:
    """The fields that `_plain` stored; an item holds no other bytes."""
    values = {each.name: item[each.name] for each in fields(kind) if each.name in item}
    return {
        name: Counts.from_bytes(value) if isinstance(value, bytes) else value
        for name, value in values.items()
    }
