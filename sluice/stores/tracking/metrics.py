"""Metric points of a run (or a logged model): a tail in its head, immutable chunks, packs of latest values.

A point is first in the tail or in a chunk; when the tail is full, its points go into a chunk, then into the
latest packs, and only then out of the tail. Every step may be repeated: readers take a maximum.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sluice.domain.errors import NotFound
from sluice.domain.tracking.entities import ACTIVE, Point
from sluice.domain.tracking.points import (
    distinct,
    from_text,
    group_of,
    is_stored,
    latest_of,
    pack,
    recency,
    to_text,
    unpack,
)
from sluice.stores.items import ConditionFailed, Item
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.table import Table

TAIL = 24
"""Points a head holds before they are sealed; also the largest batch that goes there whole."""
_TRIM = 250
_PACK_SERIES = 4_000
_SHARED = "all"


@dataclass
class Pack:
    """Latest points of some series; `rev` 0 is one that is not stored yet, `more` that another follows."""

    points: list[Point]
    rev: int = 0
    more: bool = False


@dataclass(frozen=True)
class MetricStore:
    table: Table

    def log(self, place: Place, points: Sequence[Point]) -> None:
        """Add points; ConditionFailed with the head as `found` where the owner is not active."""
        if len(points) <= TAIL:
            self._append(place, [to_text(point) for point in points])
            return
        head = self.table.get(place.head)
        if head is None or head["lifecycle_stage"] != ACTIVE:
            raise ConditionFailed("the owner is not active", head)
        latest = latest_of(points)
        if len(head["tail"]) + len(latest) > TAIL:
            self._seal(place, head, points)
        else:
            self.table.put_many(self._chunks(place, points))
            self._append(place, [to_text(point, stored=True) for point in latest.values()])

    def history(self, place: Place, key: str) -> list[Point]:
        """Every point of a metric key, by timestamp; NotFound when the owner is."""
        head = self.table.get(place.head)
        if head is None:
            raise NotFound(f"{place.kind} {place.name} does not exist")
        points = [point for point in read_tail(head) if point.series.key == key]
        for group in (_SHARED, group_of(key)):
            for item in self.table.read(place.own_partition, keys.points_prefix(group)):
                points += unpack(item["points"], key)
        return distinct(points)

    def _append(self, place: Place, texts: Sequence[str]) -> None:
        head = self.table.append(place.head, "tail", texts, active=ACTIVE)
        length = len(head["tail"])
        if length // TAIL > (length - len(texts)) // TAIL:
            self._seal(place, head)

    def _seal(self, place: Place, head: Item, more: Sequence[Point] = ()) -> None:
        """Empty the tail, and write `more` on the way."""
        texts = head["tail"][:_TRIM]
        fresh = [from_text(text) for text in texts if not is_stored(text)]
        chunks = [*self._chunks(place, more), *([self._chunk(place, _SHARED, fresh)] if fresh else ())]
        self.table.put_many(chunks)
        packs = self._merge_latest(place, [*map(from_text, texts), *more])
        if texts:
            self.table.trim(place.head, "tail", len(texts), seals=head["seals"], packs=packs)

    def _chunks(self, place: Place, points: Sequence[Point]) -> list[Item]:
        groups: dict[str, list[Point]] = defaultdict(list)
        for point in points:
            groups[group_of(point.series.key)].append(point)
        return [self._chunk(place, group, some) for group, some in groups.items()]

    def _chunk(self, place: Place, group: str, points: Sequence[Point]) -> Item:
        """Named by its content: a repeated write is the same chunk."""
        packed = pack(points)
        pk, sk = place.points(group, hashlib.sha256(packed).hexdigest()[:32])
        return {"pk": pk, "sk": sk, "points": packed}

    def _merge_latest(self, place: Place, points: Iterable[Point]) -> list[int]:
        """Merge points into the packs; gives the packs' revisions."""
        news = list(points)

        def attempt() -> list[int]:
            packs = self._packs(place)
            for number, pack_ in merged(packs, news):
                pk, sk = place.latest(number)
                item = {"pk": pk, "sk": sk, "points": pack(pack_.points), "more": pack_.more or None}
                self.table.put_if(item, pack_.rev)
                pack_.rev += 1
            return [one.rev for one in packs]

        return self.table.until_settled(attempt, retry=(ConditionFailed,))

    def _packs(self, place: Place) -> list[Pack]:
        packs: list[Pack] = []
        while not packs or packs[-1].more:
            item = self.table.get(place.latest(len(packs)))
            if item is None:
                break
            packs.append(Pack(read_latest(item), item["rev"], item.get("more", False)))
        return packs


def read_tail(head: Item) -> list[Point]:
    return [from_text(text) for text in head["tail"]]


def read_latest(item: Item) -> list[Point]:
    return unpack(item["points"])


def merged(packs: list[Pack], news: Iterable[Point]) -> list[tuple[int, Pack]]:
    """Change the packs by the news; gives those that changed, by number. New series go into the last."""
    where = {
        point.series: (number, place)
        for number, one in enumerate(packs)
        for place, point in enumerate(one.points)
    }
    changed: set[int] = set()
    for point in latest_of(news).values():
        number, place = where.get(point.series, (-1, -1))
        if number < 0:
            changed.add(_add(packs, point))
        elif recency(point) > recency(packs[number].points[place]):
            packs[number].points[place] = point
            changed.add(number)
    # A full pack says that there is another before that one is there.
    changed |= {number for number, one in enumerate(packs[:-1]) if not one.more}
    for one in packs[:-1]:
        one.more = True
    return [(number, packs[number]) for number in sorted(changed)]


def _add(packs: list[Pack], point: Point) -> int:
    if not packs or len(packs[-1].points) >= _PACK_SERIES:
        packs.append(Pack([]))
    packs[-1].points.append(point)
    return len(packs) - 1
