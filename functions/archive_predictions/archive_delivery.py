"""Exactly-once counting of records that may be delivered more than once.

A stream gives at-least-once delivery of batches that begin at a checkpoint and may be cut differently each
time. Records are counted in stretches; a stretch and the list of its records, stored under the first of
them, are one transaction. Whoever is delivered a record that begins a stored stretch drops what the list
names and goes on behind it. So stretches never overlap as long as every delivery begins where a stretch
begins: at the checkpoint of a failed one (the same first record), behind a delivery that ended with a stretch
(nothing stored), or behind one that ended inside of a stretch: for that case the rest of the list is stored
again under its own first record, before the delivery is answered. docs/monitoring.md has the cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from functions.archive_predictions.count_stretch import Owned, count_stretch
from functions.archive_predictions.read_records import Record, read_records
from sluice.stores.baselines import Watched

STRETCH_RECORDS = 50
"""A record leads to one chunk at most, and a transaction holds 100 items."""

Count = Callable[[Sequence[Record]], tuple[list[Owned], int]]


class Deliveries(Protocol):
    """Remembers stretches; `MonitoringStore` does."""

    def delivery(self, tenant: str, first: str) -> tuple[str, ...] | None: ...
    def record_delivery(self, tenant: str, members: Sequence[str], chunks: Sequence[Owned]) -> bool: ...
    def forward_delivery(self, tenant: str, members: Sequence[str]) -> None: ...


def archive_delivery(archive: Watched, batch: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Archive and count; gives how many records were counted, known already, and unreadable."""
    return take_delivery(archive.counts, list(read_records(batch)), partial(count_stretch, archive))


def take_delivery(
    deliveries: Deliveries, waiting: list[Record], count: Count, *, stretch_records: int = STRETCH_RECORDS
) -> dict[str, int]:
    """Count what was not counted yet; `count` may be called again for records that end up uncounted."""
    result = {"counted": 0, "repeated": 0, "unreadable": 0}
    while waiting:
        members = deliveries.delivery(waiting[0].tenant, waiting[0].identity)
        if members is not None:
            remaining = _behind(deliveries, waiting, members)
            result["repeated"] += len(waiting) - len(remaining)
            waiting = remaining
            continue
        stretch, rest = waiting[:stretch_records], waiting[stretch_records:]
        chunks, unreadable = count(stretch)
        if deliveries.record_delivery(stretch[0].tenant, [record.identity for record in stretch], chunks):
            result["counted"] += len(stretch) - unreadable
            result["unreadable"] += unreadable
            waiting = rest
    return result


def _behind(deliveries: Deliveries, waiting: Sequence[Record], members: Sequence[str]) -> list[Record]:
    """What is not in a stored stretch. Where the delivery ends before the stretch does, its rest is stored
    for the delivery that will begin there.
    """
    delivered = {record.identity for record in waiting}
    rest = [member for member in members if member not in delivered]
    remaining = [record for record in waiting if record.identity not in members]
    if rest and not remaining:
        deliveries.forward_delivery(rest[0].partition("/")[0], rest)
    return remaining
