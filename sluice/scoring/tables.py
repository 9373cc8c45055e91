"""Rows in the shapes that people and clients send them: records, a split frame, columns, rows, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.domain.errors import Invalid
from sluice.scoring.number_rows import NumberRows
from sluice.scoring.signature import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def from_records(records: object) -> Table:
    """A list of objects; a key that only some have is null in the others."""
    rows = _filled_list(records, "a list of objects")
    for number, record in enumerate(rows):
        if not isinstance(record, dict):
            raise Invalid(f"row {number}: expected an object, got {type(record).__name__}")
    names = dict.fromkeys(name for record in rows for name in record)
    return Table({name: [record.get(name) for record in rows] for name in names}, len(rows))


def from_split(split: object) -> Table:
    """{"columns": [names], "data": [[...]]}, as pandas writes it with orient="split"."""
    if not isinstance(split, dict) or not {"columns", "data"} <= set(split) <= {"columns", "data", "index"}:
        raise Invalid("dataframe_split: expected an object with columns and data (index is allowed)")
    names = split["columns"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("dataframe_split.columns: expected a list of names")
    return from_rows(names, split["data"])


def from_columns(columns: object) -> Table:
    """{"name": [...]}: an object of equally long lists."""
    if not isinstance(columns, dict) or not columns:
        raise Invalid("expected an object with one list a column")
    for name, cells in columns.items():
        if not isinstance(cells, list):
            raise Invalid(f"{name}: expected a list, got {type(cells).__name__}")
    lengths = {name: len(cells) for name, cells in columns.items()}
    if len(set(lengths.values())) != 1:
        raise Invalid(f"the columns have different lengths: {_some(lengths)}")
    return Table({name: _unwrapped(cells) for name, cells in columns.items()}, next(iter(lengths.values())))


def from_rows(names: Sequence[str], rows: object, *, textual: bool = False) -> Table:
    """A list of lists in the order of `names`."""
    if len(set(names)) != len(names):
        raise Invalid("two columns have the same name")
    if isinstance(rows, NumberRows) and rows.numbers.shape[1] == len(names):
        numbers = dict(zip(names, np.ascontiguousarray(rows.numbers.T), strict=True))
        return Table(_Columns(names, rows), len(rows.numbers), numbers=numbers)
    filled = _filled_list(rows.read() if isinstance(rows, NumberRows) else rows, "a list of rows")
    for number, row in enumerate(filled):
        if not isinstance(row, list) or len(row) != len(names):
            found = len(row) if isinstance(row, list) else type(row).__name__
            raise Invalid(f"row {number}: expected {len(names)} values, got {found}")
    columns = [list(cells) for cells in zip(*filled, strict=True)]
    return Table(dict(zip(names, columns, strict=True)), len(filled), textual)


def from_csv(content: bytes) -> Table:
    """CSV in UTF-8 with a header line; an empty field is missing."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8: byte {error.start}") from error
    except csv.Error as error:
        raise Invalid(f"the body is not CSV: {error}") from error
    rows = [line for line in lines if line]
    if len(rows) < 2:  # noqa: PLR2004 - a header and a row
        raise Invalid("the CSV needs a header line and at least one row")
    return from_rows(rows[0], rows[1:], textual=True)


class _Columns(Mapping[str, list[Any]]):
    """The columns of rows as JSON said them, read when one is asked for: mostly the numbers are enough."""

    def __init__(self, names: Sequence[str], rows: NumberRows) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._unread = rows

    @cached_property
    def _rows(self) -> list[list[Any]]:
        return self._unread.read()

    def __getitem__(self, name: str) -> list[Any]:
        place = self._places[name]
        return [row[place] for row in self._rows]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _filled_list(value: object, expected: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Invalid(f"expected {expected}, got {'none' if value == [] else type(value).__name__}")
    return value


def _unwrapped(cells: list[Any]) -> list[Any]:
    """A column given as [[1], [2]] is [1, 2]."""
    if all(isinstance(cell, list) and len(cell) == 1 for cell in cells):
        return [cell[0] for cell in cells]
    return cells


def _some(lengths: dict[str, int]) -> str:
    shown = ", ".join(f"{name[:40]} {length}" for name, length in list(lengths.items())[:5])
    return shown + (" …" if len(lengths) > 5 else "")  # noqa: PLR2004 - enough to see it
