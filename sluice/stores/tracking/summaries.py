"""Everything of an experiment that searches need, kept warm: read once whole, then only what changed.

A shard is read again by its local index from ten seconds before the last time it was read: writers' clocks
differ by less than that. What was deleted for good leaves a tombstone longer than a function lives.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

from sluice.domain.clock import format_time, parse_time
from sluice.stores.items import Item
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.owners import OwnerStore, Parts

_OVERLAP = timedelta(seconds=10)
_MOST_OWNERS = 60_000

T = TypeVar("T")


@dataclass
class _Shard:
    """Items by kind, owner and sort key; `made` the entities, but for `changed` ones."""

    read_at: str = ""
    items: dict[tuple[str, str], dict[str, Item]] = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)
    made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def take(self, items: Iterable[Item]) -> None:
        for item in items:
            kind, name, _ = keys.owner_of(item["sk"])
            held = self.items.setdefault((kind, name), {})
            if held.get(item["sk"]) == item:
                continue
            held[item["sk"]] = item
            self.changed.add((kind, name))


@dataclass
class ShardCache:
    """Shards of a warm function, the longest unused ones dropped when there are too many owners."""

    shards: OrderedDict[str, _Shard] = field(default_factory=OrderedDict)

    def fresh(self, owners: OwnerStore, partition: str) -> _Shard:
        """The shard as it stands in the table now: one request where little has changed."""
        begun = owners.table.now()
        shard = self.shards.get(partition)
        if shard is None:
            shard = _Shard()
            shard.take(owners.table.read(partition))
        else:
            since = format_time(parse_time(shard.read_at) - _OVERLAP)
            shard.take(owners.table.read_since(partition, since))
        shard.read_at = begun
        self.shards[partition] = shard
        self.shards.move_to_end(partition)
        while len(self.shards) > 1 and sum(len(one.items) for one in self.shards.values()) > _MOST_OWNERS:
            self.shards.popitem(last=False)
        return shard


@dataclass(frozen=True)
class Summaries(Generic[T]):
    """All owners of one kind in an experiment, made by `make` from their parts."""

    owners: OwnerStore
    cache: ShardCache
    make: Callable[[Parts], T]

    def all(self, tenant: str, experiment_id: str, shards: int) -> list[tuple[Place, T]]:
        """(place, entity) in no order that means anything; large values are not loaded."""
        found: list[tuple[Place, T]] = []
        for number in range(shards):
            partition = keys.shard_partition(tenant=tenant, experiment_id=experiment_id, shard=number)
            shard = self.cache.fresh(self.owners, partition)
            for kind, name in shard.items:
                if kind == self.owners.kind:
                    place = Place(tenant, self.owners.kind, name, experiment_id, number)
                    found += self._entity(shard, place)
        return found

    def _entity(self, shard: _Shard, place: Place) -> list[tuple[Place, T]]:
        owner = (place.kind, place.name)
        if owner in shard.changed or owner not in shard.made:
            parts = self.owners.merge(place, shard.items[owner].values())
            if parts is None:
                return []
            shard.made[owner] = (place, self.make(parts))
            shard.changed.discard(owner)
        return [shard.made[owner]]
