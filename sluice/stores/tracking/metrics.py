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
from sluice.domain.tracking.entities import ACTIVE, Point, Series
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
            for item in self.table.read(place.values_partition, keys.points_prefix(group)):
                points += [point for point in unpack(item["points"]) if point.series.key == key]
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
        self._merge_latest(place, [*map(from_text, texts), *more])
        if texts:
            self.table.trim(place.head, "tail", len(texts), seals=head["seals"])

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

    def _merge_latest(self, place: Place, points: Iterable[Point]) -> None:
        news = list(points)

        def attempt() -> None:
            prefix = f"{place.prefix}{keys.LATEST}"
            packs = [(item["rev"], read_latest(item)) for item in self.table.read(place.partition, prefix)]
            for number, rev, content in _merged(packs, news):
                pk, sk = place.latest(number)
                item = {"pk": pk, "sk": sk, "lsi1sk": self.table.now(), "points": pack(content)}
                self.table.put_if(item, rev)

        self.table.until_settled(attempt, retry=(ConditionFailed,))


def read_tail(head: Item) -> list[Point]:
    return [from_text(text) for text in head["tail"]]


def read_latest(item: Item) -> list[Point]:
    return list(unpack(item["points"]))


def _merged(
    packs: Sequence[tuple[int, list[Point]]], news: Iterable[Point]
) -> Iterable[tuple[int, int, list[Point]]]:
    """(number, revision before, points) of the packs that the news change; new series go into the last."""
    contents: list[dict[Series, Point]] = [{point.series: point for point in points} for _, points in packs]
    where = {series: number for number, content in enumerate(contents) for series in content}
    changed: set[int] = set()
    for point in latest_of(news).values():
        number = where.get(point.series)
        if number is None:
            if not contents or len(contents[-1]) >= _PACK_SERIES:
                contents.append({})
            number = len(contents) - 1
        elif recency(point) <= recency(contents[number][point.series]):
            continue
        contents[number][point.series] = point
        changed.add(number)
    revisions = [rev for rev, _ in packs] + [0] * len(contents)
    return [(number, revisions[number], list(contents[number].values())) for number in sorted(changed)]
