"""What runs and logged models have in common: a place, a head, documents and points, soft deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sluice.domain.errors import Invalid, NotFound
from sluice.domain.tracking.columns import Row
from sluice.domain.tracking.entities import ACTIVE, DELETED, Experiment, Lifecycle, Point, Value
from sluice.domain.tracking.points import latest_of
from sluice.stores.items import ConditionFailed, Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.changes import Changes
from sluice.stores.tracking.documents import (
    Document,
    document_item,
    read_document,
    read_rest,
    rest_text,
    set_tags,
)
from sluice.stores.tracking.keys import Kind, Place
from sluice.stores.tracking.metrics import MetricStore, read_latest, read_tail
from sluice.stores.tracking.table import Path, Table
from sluice.stores.tracking.values import ValueStore

_NEWEST_SHARDS = 4
_REMEMBERED = 10_000
_UNSEEN = frozenset(
    {"pk", "sk", "v", "rev", "request_id", "created_at", "updated_at", "tail", "seals", "packs"}
)
"""What searches do not need of a head."""


@dataclass(frozen=True)
class Parts:
    """An owner's items, merged: what a run or a logged model is made from."""

    place: Place
    head: Item
    params: Mapping[str, Value]
    tags: Mapping[str, Value]
    points: Sequence[Point]
    documents: Sequence[Document] = ()


@dataclass(frozen=True)
class OwnerStore:
    """Owners of one kind. `places` remembers where they are, which never changes."""

    table: Table
    kind: Kind
    changes: Changes
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    @property
    def values(self) -> ValueStore:
        return ValueStore(self.table)

    @property
    def metrics(self) -> MetricStore:
        return MetricStore(self.table)

    def create(
        self, tenant: str, name: str, experiment: Experiment, head: Mapping[str, Any], document: Document
    ) -> Place | None:
        """Store a new owner; None when there is one of this name. Large values must be stored already."""
        newest = min(experiment.shards, _NEWEST_SHARDS)
        shard = experiment.shards - 1 - self.table.chance(newest)
        place = Place(tenant, self.kind, name, experiment.experiment_id, shard)
        pk, sk = keys.locator(tenant=tenant, kind=self.kind, name=name)
        locator = {"pk": pk, "sk": sk, "experiment_id": place.experiment_id, "shard": shard}
        first = {"pk": place.head[0], "sk": place.head[1], "tail": [], "seals": 0, "packs": [], **head}
        writes = [self.table.putting(locator), self.table.putting(first)]
        writes.append(self.table.putting(self.changes.noting(place), condition=None))
        if document.changed:
            writes.append(self.table.putting(document_item(place, document)))
        try:
            self.table.transact(writes, token=self.table.new_id())
        except TransactionRefused:
            return None
        self._remember(place)
        return place

    def find(self, tenant: str, name: str) -> Place:
        """Where the owner is; NotFound where there is none."""
        known = self.places.get((tenant, name))
        if known:
            return known
        item = self.table.get(keys.locator(tenant=tenant, kind=self.kind, name=name))
        if item is None:
            raise self.missing(name)
        place = Place(tenant, self.kind, name, item["experiment_id"], item["shard"])
        self._remember(place)
        return place

    def missing(self, name: str) -> NotFound:
        what = "Run" if self.kind == "run" else "Logged model"
        return NotFound(f"{what} with id={name} not found")

    def read(self, place: Place) -> Parts:
        parts = self.merge(place, self.fetch([place])[place])
        if parts is None:
            raise self.missing(place.name)
        return parts

    def fetch(self, places: Sequence[Place]) -> dict[Place, list[Item]]:
        """The items of owners, by key: what this costs does not grow with their experiment."""
        found: dict[Place, list[Item]] = {place: [] for place in places}
        wanted = {key: place for place in places for key in (place.head, place.document(0), place.latest(0))}
        while wanted:
            items = self.table.read_many(wanted)
            for key, item in items.items():
                found[wanted[key]].append(item)
            wanted = {
                (key[0], keys.following(key[1])): wanted[key]
                for key, item in items.items()
                if item.get("more")
            }
        torn = [place for place, items in found.items() if _is_torn(items)]
        return {**found, **self.fetch(torn)} if torn else found

    def rows(self, places: Sequence[Place]) -> dict[Place, Row | None]:
        """Owners as searches keep them; None for those that are gone."""
        found = self.fetch(places)
        return {place: _row(self.merge(place, items)) for place, items in found.items()}

    def whole(self, tenant: str, experiment_id: str, shard: int) -> Iterator[Row]:
        """Every owner of a shard; one that is written to meanwhile may be torn, and is noted as changed."""
        partition = keys.shard_partition(tenant=tenant, experiment_id=experiment_id, shard=shard)
        items = self.table.read(partition, f"{self.kind}#")
        for name, some in groupby(items, lambda item: keys.owner_of(item["sk"])[1]):
            row = _row(self.merge(Place(tenant, self.kind, name, experiment_id, shard), some))
            if row:
                yield row

    def parts_of(self, place: Place, row: Row) -> Parts:
        return Parts(place, dict(row.fields), row.params, row.tags, row.points, [read_rest(row.rest)])

    def merge(self, place: Place, items: Iterable[Item]) -> Parts | None:
        """The parts in an owner's items (any order); None without a head."""
        held = list(items)
        head: Item | None = None
        points: list[Point] = []
        for item in held:
            if item["sk"].endswith(keys.HEAD):
                head = item
                points += read_tail(item)
            elif keys.LATEST in item["sk"]:
                points += read_latest(item)
        if head is None:
            return None
        documents = _documents(held)
        params = {key: value for document in documents for key, value in document.params.items()}
        tags = {key: value for document in documents for key, value in document.tags.items()}
        return Parts(place, head, params, tags, list(latest_of(points).values()), documents)

    def log_points(self, place: Place, points: Sequence[Point]) -> None:
        self.changes.note(place)
        try:
            self.metrics.log(place, points)
        except ConditionFailed as failed:
            self.require_active(place, failed.found)
            raise

    def require_active(self, place: Place, head: Item | None) -> None:
        if head is None:
            raise self.missing(place.name)
        if head["lifecycle_stage"] != ACTIVE:
            raise Invalid(
                f"The {self.kind} {place.name} must be in the 'active' state. "
                f"Current state is {head['lifecycle_stage']}."
            )

    def change(self, place: Place, change: Callable[[list[Document]], None]) -> None:
        """Change an active owner's documents; `change` is called again when another writer was faster."""

        def attempt() -> None:
            items = self.fetch([place])[place]
            heads = [item for item in items if item["sk"].endswith(keys.HEAD)]
            self.require_active(place, heads[0] if heads else None)
            documents = _documents(items)
            change(documents)
            for document in documents:
                if document.changed:
                    self.table.put_if(document_item(place, document), document.rev)

        self.changes.note(place)
        self.table.until_settled(attempt, retry=(ConditionFailed,))

    def set_tags(self, place: Place, tags: Mapping[str, str]) -> None:
        stored = self.values.store_all(place.own_partition, tags)
        self.change(place, lambda documents: set_tags(documents, stored))

    def set_lifecycle(self, place: Place, stage: Lifecycle) -> None:
        """Delete (softly) or restore; Invalid when it is so already."""
        moment = self.table.milliseconds() if stage == DELETED else None
        sets, removes = keys.deletion(moment=moment, tenant=place.tenant, kind=place.kind, name=place.name)
        sets |= {("lifecycle_stage",): stage}
        self._edit_head(place, sets, removes, DELETED if stage == ACTIVE else ACTIVE)

    def update_head(self, place: Place, changes: Mapping[str, Any]) -> Item:
        """Set attributes of an active owner's head; Invalid when it is deleted."""
        return self._edit_head(place, {(name,): value for name, value in changes.items()})

    def _edit_head(
        self,
        place: Place,
        sets: Mapping[Path, object],
        removes: Sequence[Path] = (),
        lifecycle: Lifecycle = ACTIVE,
    ) -> Item:
        self.changes.note(place)
        try:
            return self.table.edit(place.head, sets, removes, lifecycle_stage=lifecycle)
        except ConditionFailed as failed:
            if failed.found is None:
                raise self.missing(place.name) from failed
            raise Invalid(
                f"The {self.kind} {place.name} must be in the '{lifecycle}' state. "
                f"Current state is {failed.found['lifecycle_stage']}."
            ) from failed

    def _remember(self, place: Place) -> None:
        if len(self.places) >= _REMEMBERED:
            self.places.clear()
        self.places[place.tenant, place.name] = place


def _row(parts: Parts | None) -> Row | None:
    if parts is None:
        return None
    fields = {name: value for name, value in parts.head.items() if name not in _UNSEEN and value is not None}
    rest = rest_text(parts.documents)
    return Row(parts.place.name, fields, parts.params, parts.tags, parts.points, rest)


def _documents(items: Iterable[Item]) -> list[Document]:
    found = [read_document(item) for item in items if keys.DOCUMENT in item["sk"]]
    return sorted(found, key=lambda document: document.number)


def _is_torn(items: Sequence[Item]) -> bool:
    """Whether the head was read after its tail was emptied, and a pack before it took the points in."""
    known = {keys.number_of(item["sk"]): item["rev"] for item in items if keys.LATEST in item["sk"]}
    packs: Sequence[int] = next((item["packs"] for item in items if item["sk"].endswith(keys.HEAD)), ())
    return any(known.get(number, 0) < rev for number, rev in enumerate(packs))
