"""What was deleted long enough ago goes for good: runs, logged models, experiments, with their files.

The index says what is deleted and since when. A thing first leaves everybody's sight, in one transaction that
holds only while nobody has restored it, and leaves a note of what is still there; then that goes piece by
piece, and the note last. So the work may end anywhere and goes on later.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sluice.domain.errors import Invalid, NotFound, Unavailable
from sluice.domain.tracking.paths import path_of_uri
from sluice.stores.items import Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.artifacts import ArtifactFiles, purge
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.owners import OwnerStore
from sluice.stores.tracking.store import Tracking
from sluice.stores.tracking.table import Table

TRAINING_TAG = "sluice.training_id"
VERSIONS_TAG = "mlflow.modelVersions"
_NAMED = 100
"""So many of the kept things are named; all are counted."""

GoesOn = Callable[[], bool]


@dataclass
class Collected:
    """Counts by kind, what was kept and why, and where to go on (None: everything was looked at)."""

    removed: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    reasons: list[dict[str, str]] = field(default_factory=list)
    following: str | None = None

    def keep(self, kind: str, name: str, reason: str) -> None:
        self.kept[kind] += 1
        if len(self.reasons) < _NAMED:
            self.reasons.append({"kind": kind, "id": name, "reason": reason})


class _OutOfTimeError(Exception):
    """The caller has no more time; what is done is done."""


@dataclass
class Collection:
    """One go over a tenant's deleted things. `goes_on` is asked before each piece of work.

    `forced` also takes runs and logged models that registered versions were made from; never those of the
    platform's own trainings, which scores served from them must be explained by.
    """

    tracking: Tracking
    files: ArtifactFiles
    tenant: str
    goes_on: GoesOn
    forced: bool = False
    dry: bool = False
    found: Collected = field(default_factory=Collected)

    def collect(self, before: int, after: str = "") -> Collected:
        """What was deleted before a moment (milliseconds), from an earlier `following` on."""
        self.found.following = after or "0"
        try:
            if not self.dry:
                self._finish_all()
            for item in self._due(before, after):
                self._tick()
                if item["gsi2sk"].split("#")[1] == "experiment":
                    self._take_experiment(item)
                else:
                    self._take_owner(keys.place_of(item["pk"], item["sk"]), item)
                self.found.following = item["gsi2sk"]
        except _OutOfTimeError:
            return self.found
        self.found.following = None
        return self.found

    def _due(self, before: int, after: str) -> Iterator[Item]:
        partition, start = keys.deleted_partition(tenant=self.tenant), None
        last = keys.deleted_since(moment=before)
        while True:
            page = self._table.query(partition, index="gsi2", since=after or "0", start=start)
            for item in page.items:
                if item["gsi2sk"] >= last:
                    return
                if item["gsi2sk"] != after:
                    yield item
            if not (start := page.next_key):
                return

    def _take_experiment(self, item: Item) -> None:
        """Its runs and models first: as long as one is kept, the experiment is."""
        experiment_id, kept = item["sk"], sum(self.found.kept.values())
        for shard in range(item["shards"]):
            partition = keys.shard_partition(tenant=self.tenant, experiment_id=experiment_id, shard=shard)
            for owner in self._table.read(partition):
                if owner["sk"].endswith(keys.HEAD):
                    self._tick()
                    self._take_owner(keys.place_of(owner["pk"], owner["sk"]), owner, item)
        if sum(self.found.kept.values()) > kept:
            self.found.keep("experiment", experiment_id, "something of it is kept")
            return
        self.found.removed["experiments"] += 1
        if self.dry:
            return
        key = keys.experiment(tenant=self.tenant, experiment_id=experiment_id)
        writes = [
            self._table.deleting(key, expected={"gsi2sk": item["gsi2sk"]}),
            self._table.deleting(keys.experiment_name(tenant=self.tenant, name=item["name"])),
        ]
        self._take("experiment", experiment_id, item["artifact_location"], writes, experiment_id)

    def _take_owner(self, place: Place, head: Item, experiment: Item | None = None) -> None:
        """A run or logged model; with its deleted experiment it goes though it is not deleted itself."""
        reason = self._reason_to_keep(place)
        if reason:
            self.found.keep(place.kind, place.name, reason)
            return
        self.found.removed[f"{place.kind}s"] += 1
        if self.dry:
            return
        if experiment is None:
            writes = [self._table.deleting(place.head, expected={"gsi2sk": head["gsi2sk"]})]
        else:
            key = keys.experiment(tenant=self.tenant, experiment_id=experiment["sk"])
            check = self._table.checking(key, "gsi2sk = :at", at=experiment["gsi2sk"])
            writes = [self._table.deleting(place.head), check]
        writes += [
            self._table.deleting(keys.locator(tenant=self.tenant, kind=place.kind, name=place.name)),
            self._table.putting(self._owners(place).changes.noting(place), condition=None),
        ]
        self._take(place.kind, place.name, head["artifact_uri"], writes, place.experiment_id, place.shard)

    def _take(
        self, kind: str, name: str, uri: str, writes: list[Item], experiment_id: str, shard: int = 0
    ) -> None:
        pk, sk = keys.leftover(tenant=self.tenant, kind=kind, name=name)
        note: Item = {"pk": pk, "sk": sk, "kind": kind, "name": name, "uri": uri}
        note |= {"experiment_id": experiment_id, "shard": shard}
        try:
            self._table.transact(
                [*writes, self._table.putting(note, condition=None)], token=self._table.new_id()
            )
        except (TransactionRefused, Unavailable):
            self.found.removed[f"{kind}s"] -= 1  # somebody restored it, or is about to
            return
        self._finish(note)

    def _finish_all(self) -> None:
        for note in self._table.read(keys.leftovers_partition(tenant=self.tenant)):
            self._finish(note)

    def _finish(self, note: Mapping[str, Any]) -> None:
        """Take away what is left of a thing that nobody sees any more, the note last."""
        kind, name = note["kind"], note["name"]
        if kind == "experiment":
            self._clear(keys.experiment_values(tenant=self.tenant, experiment_id=name))
        else:
            place = Place(
                self.tenant,
                "run" if kind == "run" else "model",
                name,
                note["experiment_id"],
                int(note["shard"]),
            )
            self._clear(place.partition, f"{kind}#{name}#")
            self._clear(place.own_partition)
        self._delete_files(note)
        self._table.delete_many([keys.leftover(tenant=self.tenant, kind=kind, name=name)])

    def _clear(self, partition: str, prefix: str = "") -> None:
        for _ in self._table.clear(partition, prefix):
            self._tick()

    def _delete_files(self, note: Mapping[str, Any]) -> None:
        """Every version of every file; what lies elsewhere is not ours to delete."""
        if note["kind"] == "experiment":
            snapshots = keys.snapshot_object(tenant=self.tenant, experiment_id=note["name"], name="")
            for _ in purge(self.files.client, self.files.bucket, snapshots):
                self._tick()
        try:
            path = path_of_uri(note["uri"], self.files.bucket, self.tenant)
        except Invalid:
            return
        if note["kind"] == "experiment" and path != note["experiment_id"]:
            return  # a folder that somebody chose: other things may lie there
        for count in self.files.purge(self.tenant, path):
            self.found.removed += Counter(files=count)
            self._tick()

    def _reason_to_keep(self, place: Place) -> str:
        parts = self._owners(place).read(place)
        if TRAINING_TAG in parts.tags:
            return "the run of a training"
        if self.forced:
            return ""
        if place.kind == "run":
            named = self.tracking.versions.of_run(self.tenant, place.name)
            versions = [(self._names.get(uid, ""), number) for uid, number in named if uid in self._names]
        else:
            told = json.loads(str(parts.tags.get(VERSIONS_TAG, "[]")))
            versions = [(str(one["name"]), int(one["version"])) for one in told]
        alive = next((pair for pair in versions if self._is_alive(*pair)), None)
        return f"model version {alive[0]}/{alive[1]} was made from it" if alive else ""

    def _is_alive(self, name: str, version: int) -> bool:
        try:
            self.tracking.versions.get(self.tenant, name, version)
        except NotFound:
            return False
        return True

    @cached_property
    def _names(self) -> dict[str, str]:
        return {model.uid: model.name for model in self.tracking.registry.all(self.tenant)}

    @property
    def _table(self) -> Table:
        return self.tracking.table

    def _owners(self, place: Place) -> OwnerStore:
        return (self.tracking.runs if place.kind == "run" else self.tracking.models).owners

    def _tick(self) -> None:
        if not self.goes_on():
            raise _OutOfTimeError
