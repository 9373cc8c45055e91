"""Garbage of the tracking server: what was deleted long enough ago goes for good."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from functions.manage_platform.routes import Body, Call, Json, Route, accepting
from sluice.domain.audit import PLATFORM
from sluice.stores.tracking.garbage import Collection

_SECONDS = 15.0


class CollectGarbage(Body):
    """`older_than_days`: since when deleted, at least; the deployment's retention if not given.

    `forced` also takes runs that registered model versions were made from. `after`: an earlier `following`.
    """

    older_than_days: float | None = Field(default=None, ge=0, le=36_500)
    dry_run: bool = False
    forced: bool = False
    after: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,15}(#[A-Za-z0-9#-]{0,100})?$")] = ""


@dataclass(frozen=True, slots=True)
class CollectedGarbage:
    """What went (or would), what was kept and why; `following` is null when everything was looked at."""

    removed: dict[str, int]
    kept: dict[str, int]
    reasons: list[dict[str, Any]]
    following: str | None


def collect(call: Call, body: CollectGarbage) -> Json:
    """As much as fifteen seconds allow: the caller goes on with `following`."""
    ends = time.monotonic() + _SECONDS
    days = call.platform.retention_days if body.older_than_days is None else body.older_than_days
    before = call.platform.tracking.table.clock() - timedelta(days=days)
    collection = Collection(
        call.platform.tracking,
        call.platform.artifact_files,
        call.tenant,
        lambda: time.monotonic() < ends,
        forced=body.forced,
        dry=body.dry_run,
    )
    found = collection.collect(int(before.timestamp() * 1000), body.after)
    removed = {kind: count for kind, count in found.removed.items() if count}
    if removed and not body.dry_run:
        call.record(PLATFORM, "tracking.collect", "tracking", **removed, forced=body.forced)
    return {
        "removed": removed,
        "kept": dict(found.kept),
        "reasons": found.reasons,
        "following": found.following,
    }


ROUTES = (
    Route(
        "POST",
        "/tracking/garbage",
        "tracking.collect",
        "Remove for good what was deleted in tracking long enough ago",
        accepting(CollectGarbage, collect),
        answer=CollectedGarbage,
        body=CollectGarbage,
    ),
)
