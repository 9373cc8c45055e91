"""Long histories, in order, for as long as somebody may page through them: each page costs what it gives.

A history has no order in the table, so the first page reads and sorts all of it. What it found stays in this
function; where that is gone, or another function is asked for the next page, it is read once more.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence

from sluice.domain.tracking.entities import Point

MOST = 2_000_000
"""Points kept at once: 28 bytes each."""


class Columns:
    """Points by column, without an object for each; len() and slices, as of a list of them."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._series = list(dict.fromkeys(point.series for point in points))
        number = {series: place for place, series in enumerate(self._series)}
        self._numbers = array("I", (number[point.series] for point in points))
        self._values = array("d", (point.value for point in points))
        self._timestamps = array("q", (point.timestamp for point in points))
        self._steps = array("q", (point.step for point in points))

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, part: slice) -> list[Point]:
        columns = (self._numbers[part], self._values[part], self._timestamps[part], self._steps[part])
        return [
            Point(self._series[number], value, timestamp, step)
            for number, value, timestamp, step in zip(*columns, strict=True)
        ]


class Histories:
    """By tenant, run and metric key; the one that was used longest ago goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, ...], Columns] = OrderedDict()

    def find(self, *key: str) -> Columns | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, points: Sequence[Point], *key: str) -> None:
        self._kept.pop(key, None)
        self._kept[key] = Columns(points)
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
