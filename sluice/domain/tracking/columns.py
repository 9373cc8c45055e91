"""Many runs (or logged models) as columns: filtered and ordered without making one, and packed into bytes.

Every text, whole number and large value is held once, in `values`; columns hold its place there. Entries
of a row (params, tags, points) stand together, and rows know where theirs end. Packed form: zlib of a
header (4 bytes length, JSON) and the arrays, little-endian as every machine this runs on.
"""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.domain.tracking.entities import LargeValue, Point, Series, Value
from sluice.domain.tracking.points import recency

_FORMAT = 1
_KEPT_COLUMNS = 32
"""Columns that were asked for are kept, up to so many: a table of runs asks for the same ones again."""

Scalar = str | int
Cell = Scalar | float | LargeValue | None
Holds = Callable[[Series], bool]
Rank = Callable[[Point], Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A run or logged model as searches keep it. `rest` is what they only show (and datasets), as text."""

    name: str
    fields: Mapping[str, Scalar]
    params: Mapping[str, Value]
    tags: Mapping[str, Value]
    points: Sequence[Point]
    rest: str = ""


class Entries:
    """What rows have any number of: `ends` of each row's stretch in the other arrays."""

    def __init__(self, kinds: str) -> None:
        self.ends = array("I")
        self.arrays: list[array[Any]] = [array(kind) for kind in kinds]

    def stretch(self, row: int) -> range:
        return range(self.ends[row - 1] if row else 0, self.ends[row])

    def close(self) -> None:
        self.ends.append(len(self.arrays[0]))


@dataclass
class Columns:
    """Made by `columns_of` or `unpack`, then never changed. Place 0 of `values` is None."""

    names: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=lambda: [None])
    fields: dict[str, array[int]] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    rest: array[int] = field(default_factory=lambda: array("I"))
    params: Entries = field(default_factory=lambda: Entries("II"))
    tags: Entries = field(default_factory=lambda: Entries("II"))
    points: Entries = field(default_factory=lambda: Entries("Idqq"))
    _asked: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def attribute(self, name: str) -> list[Scalar | None]:
        places = self.fields.get(name)
        return self._expanded(places) if places else [None] * len(self)

    def rests(self) -> list[str | None]:
        return self._expanded(self.rest)

    def pairs(self, section: str, key: str) -> list[Value | None]:
        """The value of a param or tag, None where a row has none."""
        return self._kept(section, key, lambda: self._pairs(section, key))

    def metric(self, key: str | None, rank: Rank = recency, holds: Holds | None = None) -> list[float | None]:
        """The value of a metric: of several points with this key, the first with the highest rank.

        `holds` says which series count; None for the key are all of them.
        """
        if holds is None and key is not None:
            return self._kept("metric", key, lambda: self._metric(key, rank, lambda _: True))
        return self._metric(key, rank, holds or (lambda _: True))

    def measured(self, key: str, holds: Holds | None = None) -> list[tuple[float, ...]]:
        """The values of a metric in all its series (that count), each one's latest."""
        wanted = {
            number for number, one in enumerate(self.series) if one.key == key and (not holds or holds(one))
        }
        found: list[tuple[float, ...]] = [()] * len(self)
        numbers, values, _, _ = self.points.arrays
        for entry in [entry for entry, number in enumerate(numbers) if number in wanted]:
            found[bisect_right(self.points.ends, entry)] += (values[entry],)
        return found

    def row(self, place: int) -> Row:
        fields = {name: self.values[places[place]] for name, places in self.fields.items() if places[place]}
        return Row(
            self.names[place],
            fields,
            dict(self._pairs_of(self.params, place)),
            dict(self._pairs_of(self.tags, place)),
            [self._point(entry) for entry in self.points.stretch(place)],
            self.values[self.rest[place]] or "",
        )

    def rows(self) -> Iterator[Row]:
        return map(self.row, range(len(self)))

    def _expanded(self, places: Sequence[int]) -> list[Any]:
        return list(map(self.values.__getitem__, places))

    def _kept(self, kind: str, key: str, make: Callable[[], list[Any]]) -> list[Any]:
        if (kind, key) not in self._asked:
            if len(self._asked) >= _KEPT_COLUMNS:
                self._asked.clear()
            self._asked[kind, key] = make()
        return self._asked[kind, key]

    def _pairs(self, section: str, key: str) -> list[Value | None]:
        found: list[Value | None] = [None] * len(self)
        if key in self.values:
            wanted, entries = self.values.index(key), self.params if section == "param" else self.tags
            keys, values = entries.arrays
            for entry in [entry for entry, place in enumerate(keys) if place == wanted]:
                found[bisect_right(entries.ends, entry)] = self.values[values[entry]]
        return found

    def _metric(self, key: str | None, rank: Rank, holds: Holds) -> list[float | None]:
        wanted = {number for number, one in enumerate(self.series) if key in {None, one.key} and holds(one)}
        chosen: list[int | None] = [None] * len(self)
        ends, values = self.points.ends, self.points.arrays[1]
        for entry in [entry for entry, number in enumerate(self.points.arrays[0]) if number in wanted]:
            row = bisect_right(ends, entry)
            held = chosen[row]
            if held is None or rank(self._point(entry)) > rank(self._point(held)):
                chosen[row] = entry
        return [None if entry is None else values[entry] for entry in chosen]

    def _pairs_of(self, entries: Entries, row: int) -> Iterator[tuple[str, Value]]:
        keys, values = entries.arrays
        return ((self.values[keys[entry]], self.values[values[entry]]) for entry in entries.stretch(row))

    def _point(self, entry: int) -> Point:
        series, values, timestamps, steps = self.points.arrays
        return Point(self.series[series[entry]], values[entry], timestamps[entry], steps[entry])

    def _arrays(self) -> list[array[Any]]:
        several = (self.params, self.tags, self.points)
        return [
            *self.fields.values(),
            self.rest,
            *(one for entries in several for one in (entries.ends, *entries.arrays)),
        ]


def columns_of(rows: Iterable[Row]) -> Columns:
    made = Columns()
    values: dict[Any, int] = {None: 0}
    series: dict[Series, int] = {}

    def place(value: Any) -> int:  # noqa: ANN401 - whatever a row holds
        return values.setdefault(value, len(values))

    for number, row in enumerate(rows):
        made.names.append(row.name)
        for name in row.fields.keys() - made.fields.keys():
            made.fields[name] = array("I", bytes(4 * number))
        for name, places in made.fields.items():
            places.append(place(row.fields.get(name)))
        made.rest.append(place(row.rest or None))
        for entries, pairs in ((made.params, row.params), (made.tags, row.tags)):
            entries.arrays[0].extend(map(place, pairs))
            entries.arrays[1].extend(map(place, pairs.values()))
            entries.close()
        numbers, *columns = made.points.arrays
        numbers.extend(series.setdefault(point.series, len(series)) for point in row.points)
        columns[0].extend(point.value for point in row.points)
        columns[1].extend(point.timestamp for point in row.points)
        columns[2].extend(point.step for point in row.points)
        made.points.close()
    made.values, made.series = list(values), list(series)
    return made


def pack(columns: Columns) -> bytes:
    arrays = columns._arrays()  # noqa: SLF001 - the other half of the class
    header = {
        "format": _FORMAT,
        "names": columns.names,
        "values": columns.values,
        "series": columns.series,
        "fields": list(columns.fields),
        "lengths": [len(one) for one in arrays],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    return zlib.compress(
        len(text).to_bytes(4, "little") + text + b"".join(one.tobytes() for one in arrays), 5
    )


def unpack(packed: bytes) -> Columns:
    """What `pack` was given; ValueError for bytes that it did not make, or made in another release."""
    try:
        raw = memoryview(zlib.decompress(packed))
        begin = 4 + int.from_bytes(raw[:4], "little")
        header = json.loads(bytes(raw[4:begin]))
        if header["format"] != _FORMAT:
            raise ValueError(f"columns of format {header['format']}")
        columns = Columns(
            names=header["names"],
            values=[LargeValue(*one) if isinstance(one, list) else one for one in header["values"]],
            fields={name: array("I") for name in header["fields"]},
            series=[Series(*one) for one in header["series"]],
        )
        for one, length in zip(columns._arrays(), header["lengths"], strict=True):  # noqa: SLF001
            end = begin + length * one.itemsize
            one.frombytes(raw[begin:end])
            begin = end
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError("these are no columns") from error
    if begin != len(raw):
        raise ValueError("these columns are cut short")
    return columns
