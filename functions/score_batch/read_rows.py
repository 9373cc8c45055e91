"""Blocks of a file as columns: by pandas where every row is plain, one by one where some row may be wrong.

Both ways give what the door gives for the same row; a test compares them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from functions.score_batch.row_blocks import Block
from sluice.domain.batch import Batch
from sluice.domain.errors import Invalid
from sluice.scoring.json_text import parse_object
from sluice.scoring.signature import RawColumn, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sluice.scoring.manifest import Feature


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` rows of a file, of which those at `places` can be read; `unreadable` says why others cannot.

    `table` and `ids` (None where there is no id column) hold the readable ones.
    """

    rows: int
    places: NDArray[np.int64]
    table: Table
    ids: Sequence[str] | None
    unreadable: Mapping[int, str]


def read_block(batch: Batch, features: Sequence[Feature], block: Block) -> Sheet:
    """The rows of a CSV or NDJSON block."""
    if batch.form == "ndjson":
        return _one_by_one(batch, features, block, _object, textual=False)
    return _plain_csv(batch, features, block) or _one_by_one(
        batch, features, block, lambda raw: _cells(raw, batch.columns), textual=True
    )


def _plain_csv(batch: Batch, features: Sequence[Feature], block: Block) -> Sheet | None:
    """By pandas' parser, whose numbers are Python's. None where a row has too few or many cells, a cell is
    no number, or anything is quoted.
    """
    rows = block.rows
    if block.ends is not None or not _is_regular(block.content, len(batch.columns)):
        return None
    numbers = [feature.name for feature in features if feature.dtype in ("number", "integer")]
    texts = {feature.name for feature in features} - set(numbers)
    wanted = {*numbers, *texts, batch.id_column} & set(batch.columns)
    try:
        frame = pd.read_csv(
            io.BytesIO(block.content),
            header=None,
            names=list(batch.columns),
            usecols=list(wanted),
            dtype={name: np.float64 if name in numbers else object for name in wanted},
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
            index_col=False,
            quoting=csv.QUOTE_NONE,
        )
    except (ValueError, OverflowError):
        return None
    if len(frame) != rows:
        return None
    columns = {feature.name: frame[feature.name].to_numpy() for feature in features}
    named = batch.id_column in wanted and batch.id_column is not None
    ids = [str(cell) for cell in frame[batch.id_column]] if named else None
    return Sheet(rows, np.arange(rows), Table(columns, rows, textual=True), ids, {})


def _is_regular(content: bytes, width: int) -> bool:
    """Whether every line has so many cells: pandas fills up short ones and says nothing."""
    codes = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    if not content.endswith(b"\n"):
        ends = np.append(ends, len(codes))
    separators = np.searchsorted(np.flatnonzero(codes == ord(",")), ends)
    return bool((np.diff(separators, prepend=0) == width - 1).all())


def _one_by_one(
    batch: Batch,
    features: Sequence[Feature],
    block: Block,
    read: Callable[[bytes], Mapping[str, Any]],
    *,
    textual: bool,
) -> Sheet:
    found: dict[int, Mapping[str, Any]] = {}
    unreadable: dict[int, str] = {}
    raws = block.split()
    for place, raw in enumerate(raws):
        try:
            found[place] = read(raw)
        except Invalid as error:
            unreadable[place] = str(error)
    columns: dict[str, RawColumn] = {
        feature.name: [row.get(feature.name) for row in found.values()] for feature in features
    }
    ids = None if batch.id_column is None else [_named(row.get(batch.id_column)) for row in found.values()]
    places = np.fromiter(found, dtype=np.int64, count=len(found))
    return Sheet(len(raws), places, Table(columns, len(found), textual=textual), ids, unreadable)


def _named(cell: object) -> str:
    return "" if cell is None else str(cell)


def _object(raw: bytes) -> Mapping[str, Any]:
    return parse_object(raw)


def _cells(raw: bytes, columns: Sequence[str]) -> Mapping[str, str]:
    try:
        lines = io.StringIO(raw.decode(), newline="")
        (cells,) = (row for row in csv.reader(lines, strict=True) if row)
    except UnicodeDecodeError as error:
        raise Invalid(f"the row is not UTF-8: byte {error.start}") from error
    except (csv.Error, ValueError) as error:
        raise Invalid(f"the row is not CSV: {error}") from error
    if len(cells) != len(columns):
        raise Invalid(f"expected {len(columns)} cells, got {len(cells)}")
    return dict(zip(columns, cells, strict=True))


def read_header(block: Block) -> tuple[str, ...]:
    """The column names in a CSV file's first row; Invalid for what is none."""
    lines = io.StringIO(block.split()[0].decode("utf-8-sig", errors="replace"), newline="")
    return tuple(next((row for row in csv.reader(lines) if row), ()))


def of_frame(frame: pd.DataFrame, batch: Batch, features: Sequence[Feature]) -> Sheet:
    """The rows of a Parquet row group."""
    rows = len(frame)
    columns = {feature.name: _column(frame[feature.name]) for feature in features if feature.name in frame}
    named = batch.id_column is not None and batch.id_column in frame
    ids = [_named(None if cell is pd.NA else cell) for cell in frame[batch.id_column]] if named else None
    return Sheet(rows, np.arange(rows), Table(columns, rows), ids, {})


def _column(series: pd.Series[Any]) -> RawColumn:
    """Numbers as float64 with NaN, booleans as they are, everything else as Python's own values."""
    if pd.api.types.is_bool_dtype(series.dtype) and not series.hasnans:
        return series.to_numpy(dtype=np.bool_)
    if pd.api.types.is_numeric_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return [None if missing else cell for cell, missing in zip(series, series.isna(), strict=True)]
