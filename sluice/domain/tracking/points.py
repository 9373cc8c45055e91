"""Metric points: packed into bytes and back, merged, and told apart.

Packed form: zlib of a header (4 bytes length, JSON: count and series) and four columns: series number,
value, timestamp and step, the last two as differences. Little-endian, as every machine this runs on.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import accumulate, pairwise
from operator import attrgetter

from sluice.domain.tracking.entities import Point, Series

GROUPS = 16
"""Chunks are spread over so many groups by metric key, so that one key's history reads few of them."""

_STORED = "="
_HALF = 1 << 63
_TIME = attrgetter("timestamp", "step")
_point: Callable[[Iterable[object]], Point] = partial(tuple.__new__, Point)
"""Point(*fields) without a call in Python: a history makes a hundred thousand."""


def pack(points: Sequence[Point]) -> bytes:
    """Points in any order, kept in that order."""
    series = list(dict.fromkeys(point.series for point in points))
    number = {one: place for place, one in enumerate(series)}
    header = json.dumps({"n": len(points), "s": series}, separators=(",", ":")).encode()
    columns = (
        array("I", (number[point.series] for point in points)),
        array("d", (point.value for point in points)),
        array("q", _differences([point.timestamp for point in points])),
        array("q", _differences([point.step for point in points])),
    )
    return zlib.compress(
        len(header).to_bytes(4, "little") + header + b"".join(column.tobytes() for column in columns)
    )


def unpack(packed: bytes, key: str | None = None) -> list[Point]:
    """What `pack` was given, or what it has of one metric key. ValueError for bytes that it did not make."""
    raw = memoryview(zlib.decompress(packed))
    begin = 4 + int.from_bytes(raw[:4], "little")
    header = json.loads(bytes(raw[4:begin]))
    series = [_known(*one) for one in header["s"]]
    columns = []
    for kind in "Idqq":
        column = array(kind)
        end = begin + header["n"] * column.itemsize
        column.frombytes(raw[begin:end])
        columns.append(column)
        begin = end
    numbers, values, timestamps, steps = columns
    rows = zip(map(series.__getitem__, numbers), values, _sums(timestamps), _sums(steps), strict=True)
    points = list(map(_point, rows))
    if key is None or all(one.key == key for one in series):
        return points
    return [point for point in points if point.series.key == key]


def to_text(point: Point, *, stored: bool = False) -> str:
    """One point as it stands in a tail; `stored` says that a chunk holds it already."""
    series = [point.series.key, *point.series[1:]] if any(point.series[1:]) else [point.series.key]
    text = json.dumps([point.value, point.timestamp, point.step, *series], separators=(",", ":"))
    return _STORED + text if stored else text


def from_text(text: str) -> Point:
    value, timestamp, step, *series = json.loads(text.removeprefix(_STORED))
    return Point(_known(*series), value, timestamp, step)


def is_stored(text: str) -> bool:
    return text.startswith(_STORED)


def group_of(key: str) -> str:
    return f"{hashlib.sha256(key.encode()).digest()[0] % GROUPS:02d}"


def recency(point: Point) -> tuple[int, int, bool, float]:
    """Orders the points of a series: the greatest is its latest value (NaN below every number)."""
    missing = math.isnan(point.value)
    return point.step, point.timestamp, not missing, 0.0 if missing else point.value


def latest_of(points: Iterable[Point], known: Mapping[Series, Point] | None = None) -> dict[Series, Point]:
    """The latest point of each series, over `known` ones too."""
    latest = dict(known or {})
    for point in points:
        held = latest.get(point.series)
        if held is None or recency(point) > recency(held):
            latest[point.series] = point
    return latest


def by_key(points: Iterable[Point]) -> dict[str, Point]:
    """The latest point of each metric key, whatever model or dataset it was measured on."""
    latest: dict[str, Point] = {}
    for point in points:
        held = latest.get(point.series.key)
        if held is None or recency(point) > recency(held):
            latest[point.series.key] = point
    return latest


def distinct(points: Sequence[Point]) -> list[Point]:
    """The same point twice is one point; ordered by timestamp, then step, then value."""
    if len(set(map(_TIME, points))) == len(points):  # as nearly always: no two can be the same
        return sorted(points, key=_TIME)
    unique = {(point.timestamp, point.step, _identity(point.value)): point for point in points}
    return sorted(unique.values(), key=lambda point: (point.timestamp, recency(point)))


@lru_cache(maxsize=50_000)
def _known(*names: str) -> Series:
    """One object for each series: a search holds those of a hundred thousand runs."""
    return Series(*names)


def _identity(value: float) -> str | float:
    return "NaN" if math.isnan(value) else value


def _differences(values: Sequence[int]) -> list[int]:
    """Each value less the one before it, in 64 bits that wrap around as `_sums` undoes it."""
    return [_wrapped(value - before) for before, value in pairwise([0, *values])]


def _sums(differences: Iterable[int]) -> list[int]:
    sums = list(accumulate(differences))
    if sums and not (min(sums) >= -_HALF and max(sums) < _HALF):
        return [_wrapped(one) for one in sums]
    return sums


def _wrapped(value: int) -> int:
    return (value + _HALF) % (2 * _HALF) - _HALF
