"""Everything of an experiment that searches need, kept warm as columns.

Begun from the snapshot (or the table, shard by shard, where there is none), then only what changed is read:
from ten seconds before the last look, as changes are noted at most three seconds before they are made, and
writers' clocks differ by less than the rest. What is gone is gone here too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Generic, TypeVar

from sluice.domain.clock import parse_time
from sluice.domain.tracking.columns import Columns, Row, columns_of
from sluice.domain.tracking.entities import Experiment
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.owners import OwnerStore, Parts
from sluice.stores.tracking.snapshots import Snapshots

OVERLAP = timedelta(seconds=10)
_FOLDED = 250
"""So many changed rows of a shard are looked at beside its columns; then they become part of them."""
_MOST_ROWS = 250_000

T = TypeVar("T")


@dataclass
class Shard:
    """Columns, and the rows that have changed since; None for a row that is gone."""

    base: Columns
    changed: dict[str, Row | None] = field(default_factory=dict)
    _parts: list[tuple[Columns, Sequence[int]]] | None = None

    def apply(self, rows: Mapping[str, Row | None]) -> None:
        self.changed.update(rows)
        self._parts = None
        if len(self.changed) > _FOLDED:
            self.fold()

    def fold(self) -> Columns:
        kept = [row for row in self.base.rows() if row.name not in self.changed]
        self.base = columns_of([*kept, *(row for row in self.changed.values() if row)])
        self.changed, self._parts = {}, None
        return self.base

    @property
    def parts(self) -> list[tuple[Columns, Sequence[int]]]:
        """Columns, each with the numbers of its rows that count."""
        if self._parts is None:
            alive: Sequence[int] = range(len(self.base))
            if self.changed:
                alive = [n for n, name in enumerate(self.base.names) if name not in self.changed]
            news = columns_of(row for row in self.changed.values() if row)
            self._parts = [(self.base, alive), (news, range(len(news)))]
        return self._parts


@dataclass
class _Known:
    read_at: datetime
    shards: dict[int, Shard] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(shard.base) for shard in self.shards.values())

    def apply(self, rows: Mapping[Place, Row | None]) -> None:
        by_shard: dict[int, dict[str, Row | None]] = defaultdict(dict)
        for place, row in rows.items():
            by_shard[place.shard][place.name] = row
        for number, changed in by_shard.items():
            self.shards.setdefault(number, Shard(Columns())).apply(changed)


@dataclass(frozen=True)
class Group:
    """Some rows of an experiment: the numbers of those that count."""

    experiment: Experiment
    shard: int
    columns: Columns
    alive: Sequence[int]


@dataclass(frozen=True)
class Owners(Generic[T]):
    """Owners of some experiments by position; a column has a cell for every position, also dead ones."""

    groups: Sequence[Group]
    make: Callable[[Group, int], tuple[Place, T]]
    begins: Sequence[int]

    def column(self, of: Callable[[Columns], Sequence[Any]]) -> list[Any]:
        return [cell for group in self.groups for cell in of(group.columns)]

    def positions(self, keep: Callable[[Group], Iterable[int]] | None = None) -> list[int]:
        return [
            begin + number
            for begin, group in zip(self.begins, self.groups, strict=True)
            for number in (keep(group) if keep else group.alive)
        ]

    def one(self, position: int) -> tuple[Place, T]:
        number = bisect_right(self.begins, position) - 1
        return self.make(self.groups[number], position - self.begins[number])


@dataclass(frozen=True)
class Summaries(Generic[T]):
    """Owners of one kind, made by `make` from their parts; experiments not used for longest are dropped."""

    owners: OwnerStore
    make: Callable[[Parts], T]
    snapshots: Snapshots | None = None
    known: OrderedDict[tuple[str, str], _Known] = field(default_factory=OrderedDict)

    def all(self, tenant: str, experiments: Sequence[Experiment]) -> Owners[T]:
        """All owners in the experiments as of when those were read; large values are not loaded."""
        groups = [
            Group(experiment, number, columns, alive)
            for experiment in experiments
            for number, shard in self.fresh(tenant, experiment).shards.items()
            for columns, alive in shard.parts
            if columns.names
        ]
        begins = [0, *accumulate(len(group.columns) for group in groups)][:-1]

        def make(group: Group, number: int) -> tuple[Place, T]:
            row = group.columns.row(number)
            experiment_id = group.experiment.experiment_id
            place = Place(tenant, self.owners.kind, row.name, experiment_id, group.shard)
            return place, self.make(self.owners.parts_of(place, row))

        return Owners(groups, make, begins)

    def fresh(self, tenant: str, experiment: Experiment) -> _Known:
        """The experiment as it stood when it was read; no request where nothing has changed."""
        known = self.known.get((tenant, experiment.experiment_id))
        changed = self._changed(tenant, experiment, known.read_at) if known else None
        if known is None or changed is None:
            known, changed = self._begun(tenant, experiment)
        if changed:
            known.apply(self.owners.rows(sorted(changed, key=lambda place: place.name)))
        known.read_at = parse_time(experiment.read_at)
        self.known[tenant, experiment.experiment_id] = known
        self.known.move_to_end((tenant, experiment.experiment_id))
        while len(self.known) > 1 and sum(map(len, self.known.values())) > _MOST_ROWS:
            self.known.popitem(last=False)
        return known

    def _changed(self, tenant: str, experiment: Experiment, moment: datetime) -> set[Place] | None:
        return self.owners.changes.since(tenant, self.owners.kind, experiment, moment - OVERLAP)

    def _begun(self, tenant: str, experiment: Experiment) -> tuple[_Known, set[Place]]:
        """From the snapshot, and what changed since; shards that it lacks are read whole."""
        known, experiment_id = _Known(parse_time(experiment.read_at)), experiment.experiment_id
        manifest = self.snapshots.manifest(tenant, experiment_id) if self.snapshots else None
        changed = self._changed(tenant, experiment, manifest.read_at) if manifest else None
        whole = 0
        for number in range(experiment.shards):
            columns = None
            if self.snapshots and manifest and changed is not None:
                name = manifest.objects.get((self.owners.kind, number))
                columns = None if name is None else self.snapshots.load(tenant, experiment_id, name)
            if columns is None:
                columns = columns_of(self.owners.whole(tenant, experiment_id, number))
                whole += 1
            known.shards[number] = Shard(columns)
        if self.snapshots and (whole or (manifest and not self._is_settled(experiment, manifest.read_at))):
            self.snapshots.ask(tenant, experiment_id)
        return known, changed or set()

    def _is_settled(self, experiment: Experiment, moment: datetime) -> bool:
        """Whether the snapshot will do for ever, or is being written to anyway."""
        changes = self.owners.changes
        return changes.is_settled(experiment, moment - OVERLAP) or not changes.is_settled(
            experiment, parse_time(experiment.read_at) - 12 * OVERLAP
        )
