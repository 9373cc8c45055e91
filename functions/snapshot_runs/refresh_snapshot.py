"""Bring an experiment's snapshot up to date: what changed since the last one, shard by shard.

Any number of these may run at once and end anywhere: the manifest moves under its revision, and a build that
was cut short goes on with the shards that its manifest does not name yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sluice.domain.clock import parse_time
from sluice.domain.tracking.columns import Columns, columns_of
from sluice.domain.tracking.entities import Experiment
from sluice.stores.tracking import Tracking
from sluice.stores.tracking.keys import Kind, Place
from sluice.stores.tracking.snapshots import LATER, Manifest, Snapshots
from sluice.stores.tracking.summaries import OVERLAP, Shard

YOUNG = timedelta(seconds=60)
MANY = 500
"""A younger snapshot is written again only after so many changes."""
SAVED_AT_ONCE = 8
KINDS: tuple[Kind, ...] = ("run", "model")


def refresh_snapshot(
    tracking: Tracking, snapshots: Snapshots, tenant: str, experiment_id: str, *, asked: bool = False
) -> str:
    """What was done: `written`, `young` (nothing), `gone` or `overtaken` (another one was faster)."""
    experiment = tracking.experiments.find(tenant, experiment_id)
    if experiment is None:
        snapshots.forget(tenant, experiment_id)
        return "gone"
    before = snapshots.manifest(tenant, experiment_id)
    changed = _changed(tracking, tenant, experiment, before) if before else None
    read_at = parse_time(experiment.read_at)
    if before is None or changed is None:
        begun = Manifest(read_at, rev=before.rev if before else 0)
    else:
        begun = replace(before, read_at=read_at, replaced=frozenset())
        few = len(changed) < MANY and read_at - before.read_at < YOUNG
        if few and not asked and not _missing(before, experiment):
            snapshots.ask(tenant, experiment_id, LATER)
            return "young"
    build = _Build(tracking, snapshots, tenant, experiment, begun, before)
    return "written" if build.run(changed or set()) else "overtaken"


def _changed(tracking: Tracking, tenant: str, experiment: Experiment, before: Manifest) -> set[Place] | None:
    """What changed since the snapshot; None where notes cannot tell."""
    found: set[Place] = set()
    for kind in KINDS:
        changes = tracking.owners(kind).changes
        some = changes.since(tenant, kind, experiment, before.read_at - OVERLAP)
        if some is None:
            return None
        found |= some
    return found


def _missing(manifest: Manifest, experiment: Experiment) -> list[tuple[Kind, int]]:
    wanted = ((kind, shard) for shard in range(experiment.shards) for kind in KINDS)
    return [one for one in wanted if one not in manifest.objects]


@dataclass
class _Build:
    """`manifest` is what has been put in place so far, and what comes next."""

    tracking: Tracking
    snapshots: Snapshots
    tenant: str
    experiment: Experiment
    manifest: Manifest
    before: Manifest | None
    saved: set[str] = field(default_factory=set)

    def run(self, changed: Iterable[Place]) -> bool:
        by_shard: dict[tuple[Kind, int], list[Place]] = defaultdict(list)
        for place in changed:
            by_shard[place.kind, place.shard].append(place)
        for (kind, shard), places in by_shard.items():
            self._save(kind, shard, self._merged(kind, shard, places))
        missing = _missing(self.manifest, self.experiment)
        for begin in range(0, max(1, len(missing)), SAVED_AT_ONCE):
            for kind, shard in missing[begin : begin + SAVED_AT_ONCE]:
                self._save(kind, shard, self._whole(kind, shard))
            if not self._move():
                return False
        return True

    def _merged(self, kind: Kind, shard: int, places: list[Place]) -> Columns:
        name = self.manifest.objects.get((kind, shard))
        held = None if name is None else self.snapshots.load(self.tenant, self._id, name)
        if held is None:
            return self._whole(kind, shard)
        rows = self.tracking.owners(kind).rows(places)
        return Shard(held, {place.name: row for place, row in rows.items()}).fold()

    def _whole(self, kind: Kind, shard: int) -> Columns:
        return columns_of(self.tracking.owners(kind).whole(self.tenant, self._id, shard))

    def _save(self, kind: Kind, shard: int, columns: Columns) -> None:
        name = self.snapshots.save(self.tenant, self._id, columns)
        self.saved.add(name)
        self.manifest = replace(self.manifest, objects={**self.manifest.objects, (kind, shard): name})

    def _move(self) -> bool:
        """Put the manifest in place; what it and the one before it do not name goes."""
        named, old = set(self.manifest.objects.values()), self.before
        replaced = frozenset(old.objects.values()) - named if old else frozenset()
        self.manifest = replace(self.manifest, replaced=replaced)
        if not self.snapshots.move(self.tenant, self._id, self.manifest):
            self.snapshots.drop(self.tenant, self._id, self.saved)
            return False
        if old:
            self.snapshots.drop(self.tenant, self._id, old.replaced - named)
        self.manifest = replace(self.manifest, rev=self.manifest.rev + 1)
        self.saved.clear()
        return True

    @property
    def _id(self) -> str:
        return self.experiment.experiment_id
