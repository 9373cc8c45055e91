"""Notes of what changes in an experiment, so that searches and snapshots read only that.

A note is written before its change, in a partition of its minute; before the first note of a minute the
experiment's own item says so (`changed`). Who knows the experiment therefore knows which minutes to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sluice.domain.clock import format_time
from sluice.domain.tracking.entities import Experiment
from sluice.stores.items import Item
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Kind, Place
from sluice.stores.tracking.table import Table

_REMEMBERED = 10_000
_NOTED_AGAIN = timedelta(seconds=3)
_LOOKED_BACK = timedelta(minutes=30)
"""More minutes are not looked at: reading whole is cheaper."""
_KEPT = timedelta(days=4)
_TRUSTED = timedelta(days=3)
"""Notes older than this may be gone."""


@dataclass(frozen=True)
class Changes:
    """`noted` remembers when an owner's last note was written; `marked`, an experiment's last minute."""

    table: Table
    noted: dict[Place, str] = field(default_factory=dict)
    marked: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, place: Place) -> None:
        """Before a change; again only after three seconds."""
        if self.noted.get(place, "") < format_time(self.table.clock() - _NOTED_AGAIN):
            self.table.put(self.noting(place))

    def noting(self, place: Place) -> Item:
        """The note, for whoever writes it right away; its minute is marked."""
        moment = self.table.clock()
        now = format_time(moment)
        self.mark(place.tenant, place.experiment_id, now)
        if len(self.noted) >= _REMEMBERED:
            self.noted.clear()
        self.noted[place] = now
        return {
            "pk": keys.changes_partition(tenant=place.tenant, experiment_id=place.experiment_id, moment=now),
            "sk": keys.change(moment=now, kind=place.kind, name=place.name),
            "kind": place.kind,
            "shard": place.shard,
            "expires_at": int((moment + _KEPT).timestamp()),
        }

    def mark(self, tenant: str, experiment_id: str, now: str = "", runs: int = 0) -> Item | None:
        """The experiment's item as it is, its minute of change brought forward to `now`; `runs` are counted
        with the first mark of a minute.

        None where it does not exist, or where this function has marked the minute already.
        """
        minute = keys.minute_of(now or self.table.now())
        if self.marked.get((tenant, experiment_id), "") >= minute:
            return None
        key = keys.experiment(tenant=tenant, experiment_id=experiment_id)
        found = self.table.raise_to(key, "changed", minute, runs)
        if len(self.marked) >= _REMEMBERED:
            self.marked.clear()
        self.marked[tenant, experiment_id] = minute
        return found

    def since(self, tenant: str, kind: Kind, experiment: Experiment, moment: datetime) -> set[Place] | None:
        """Owners whose changes were noted at that moment or later; None where notes cannot tell.

        As of when the experiment was read: later changes are not looked for.
        """
        first, last = format_time(moment), experiment.changed
        if last < keys.minute_of(first):
            return set()
        minutes = keys.minutes(first, last)
        if len(minutes) * timedelta(minutes=1) > _LOOKED_BACK or self.table.clock() - moment > _TRUSTED:
            return None
        found: set[Place] = set()
        for minute in minutes:
            partition = keys.changes_partition(
                tenant=tenant, experiment_id=experiment.experiment_id, moment=minute
            )
            for item in self.table.read(partition, since=first):
                owner, name = keys.changed(item["sk"])
                if owner == kind:
                    found.add(Place(tenant, kind, name, experiment.experiment_id, item["shard"]))
        return found

    def is_settled(self, experiment: Experiment, moment: datetime) -> bool:
        """Whether nothing was noted at that moment or later, so that no note will ever be needed."""
        return experiment.changed < keys.minute_of(format_time(moment))
