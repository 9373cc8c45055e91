"""Everything of an experiment that searches need, kept warm: read once whole, then only what changed.

Changes are looked up from ten seconds before the last look: they are noted before they are made, at most
three seconds before, and writers' clocks differ by less than the rest. What is gone is gone here too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sluice.stores.items import Item
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.owners import OwnerStore, Parts

_OVERLAP = timedelta(seconds=10)
_LOOKED_BACK = timedelta(minutes=30)
"""After a longer pause an experiment is read whole again: cheaper than a look at every minute."""
_MOST_OWNERS = 60_000

T = TypeVar("T")


@dataclass
class _Experiment:
    """Entities by owner; `items` of owners from which none has been made yet."""

    read_at: datetime
    shards: int = 0
    items: dict[Place, list[Item]] = field(default_factory=dict)
    made: dict[Place, Any] = field(default_factory=dict)

    def replace(self, place: Place, items: list[Item]) -> None:
        self.made.pop(place, None)
        self.items[place] = items


@dataclass
class ShardCache:
    """Experiments of a warm function, the longest unused ones dropped when there are too many owners."""

    known: OrderedDict[tuple[str, str], _Experiment] = field(default_factory=OrderedDict)

    def fresh(self, owners: OwnerStore, tenant: str, experiment_id: str, shards: int) -> _Experiment:
        """The experiment as it stands in the table now; two requests where nothing has changed."""
        begun = owners.table.clock()
        known = self.known.get((tenant, experiment_id))
        if known is None or known.shards != shards or begun - known.read_at > _LOOKED_BACK:
            known = _whole(owners, tenant, experiment_id, shards, begun)
        else:
            changed = owners.changed_since(tenant, experiment_id, known.read_at - _OVERLAP)
            for place, items in owners.fetch(changed).items():
                known.replace(place, items)
        known.read_at = begun
        self.known[tenant, experiment_id] = known
        self.known.move_to_end((tenant, experiment_id))
        while len(self.known) > 1 and sum(len(one.made) for one in self.known.values()) > _MOST_OWNERS:
            self.known.popitem(last=False)
        return known


@dataclass(frozen=True)
class Summaries(Generic[T]):
    """All owners of one kind in an experiment, made by `make` from their parts."""

    owners: OwnerStore
    cache: ShardCache
    make: Callable[[Parts], T]

    def all(self, tenant: str, experiment_id: str, shards: int) -> list[tuple[Place, T]]:
        """(place, entity) in no order that means anything; large values are not loaded."""
        known = self.cache.fresh(self.owners, tenant, experiment_id, shards)
        mine = [place for place in known.items if place.kind == self.owners.kind]
        for place in mine:
            parts = self.owners.merge(place, known.items.pop(place))
            if parts is not None:
                known.made[place] = self.make(parts)
        return [(place, made) for place, made in known.made.items() if place.kind == self.owners.kind]


def _whole(owners: OwnerStore, tenant: str, experiment_id: str, shards: int, begun: datetime) -> _Experiment:
    known = _Experiment(begun, shards)
    for shard in range(shards):
        partition = keys.shard_partition(tenant=tenant, experiment_id=experiment_id, shard=shard)
        for item in owners.table.read(partition):
            kind, name, _ = keys.owner_of(item["sk"])
            place = Place(tenant, "run" if kind == "run" else "model", name, experiment_id, shard)
            known.items.setdefault(place, []).append(item)
    return known
