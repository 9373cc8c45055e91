"""What runs and logged models have in common: a place, a head, documents and points, soft deletion."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.domain.errors import Invalid, NotFound
from sluice.domain.tracking.entities import ACTIVE, Experiment, Lifecycle, Point, Value
from sluice.domain.tracking.points import latest_of
from sluice.stores.items import ConditionFailed, Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.documents import Document, DocumentStore, read_document, set_tags
from sluice.stores.tracking.keys import Kind, Place
from sluice.stores.tracking.metrics import MetricStore, read_latest, read_tail
from sluice.stores.tracking.table import Table

_NEWEST_SHARDS = 4
_REMEMBERED = 10_000


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
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    @property
    def documents(self) -> DocumentStore:
        return DocumentStore(self.table)

    @property
    def metrics(self) -> MetricStore:
        return MetricStore(self.table)

    def create(
        self, tenant: str, name: str, experiment: Experiment, head: Mapping[str, Any], document: Document
    ) -> Place | None:
        """Store a new owner; None when there is one of this name. Large values must be stored already."""
        newest = max(0, experiment.shards - _NEWEST_SHARDS)
        shard = random.randrange(newest, experiment.shards)  # noqa: S311 - spreading load, no secret
        place = Place(tenant, self.kind, name, experiment.experiment_id, shard)
        pk, sk = keys.locator(tenant=tenant, kind=self.kind, name=name)
        locator = {"pk": pk, "sk": sk, "experiment_id": place.experiment_id, "shard": shard}
        now = self.table.now()
        first = {"pk": place.head[0], "sk": place.head[1], "lsi1sk": now, "tail": [], "seals": 0, **head}
        writes = [self.table.putting(locator), self.table.putting(first)]
        if document.changed:
            writes.append(self.table.putting(self.documents.item(place, document)))
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
        parts = self.merge(place, self.table.read(place.partition, place.prefix))
        if parts is None:
            raise self.missing(place.name)
        return parts

    def merge(self, place: Place, items: Iterable[Item]) -> Parts | None:
        """The parts in an owner's items (any order); None without a head."""
        head: Item | None = None
        points: list[Point] = []
        documents: list[Document] = []
        for item in items:
            if item["sk"].endswith(keys.HEAD):
                head = item
                points += read_tail(item)
            elif keys.DOCUMENT in item["sk"]:
                documents.append(read_document(item))
            else:
                points += read_latest(item)
        if head is None:
            return None
        documents.sort(key=lambda document: document.number)
        params = {key: value for document in documents for key, value in document.params.items()}
        tags = {key: value for document in documents for key, value in document.tags.items()}
        return Parts(place, head, params, tags, list(latest_of(points).values()), documents)

    def log_points(self, place: Place, points: Sequence[Point]) -> None:
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

    def set_tags(self, place: Place, tags: Mapping[str, str]) -> None:
        stored = self.store_values(place, tags)
        self.documents.change(
            place, lambda head: self.require_active(place, head), lambda held: set_tags(held, stored)
        )

    def store_values(self, place: Place, values: Mapping[str, str]) -> dict[str, Value]:
        return {key: self.documents.store_large(place, value) for key, value in values.items()}

    def update_head(self, place: Place, changes: Mapping[str, Any], *, lifecycle: Lifecycle = ACTIVE) -> Item:
        """Set attributes of a head whose lifecycle is as given; Invalid when it is not."""
        try:
            return self.table.update(
                place.head,
                {**changes, "lsi1sk": self.table.now()},
                expected={"lifecycle_stage": lifecycle},
            )
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
