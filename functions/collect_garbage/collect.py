"""Every tenant's turn: what was deleted longer ago than the stage keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from functions.collect_garbage.settings import Cleaning
from sluice.stores.tracking.garbage import Collection
from sluice.web.observability import LogKey, logger


def collect_all(cleaning: Cleaning, goes_on: Callable[[], bool]) -> dict[str, dict[str, int]]:
    """Counts of what went, by tenant; one that fails does not keep the others from their turn."""
    before = cleaning.tracking.table.clock() - timedelta(days=cleaning.retention_days)
    collected: dict[str, dict[str, int]] = {}
    for tenant in cleaning.tenants.names():
        collection = Collection(cleaning.tracking, cleaning.artifact_files, tenant, goes_on)
        try:
            found = collection.collect(int(before.timestamp() * 1000))
        except Exception:  # noqa: BLE001 - whatever is wrong with one tenant, the others have their turn
            logger().exception(LogKey.UNFORESEEN, tenant=tenant)
            continue
        if found.removed:
            collected[tenant] = dict(found.removed)
    return collected
