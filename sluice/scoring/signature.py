"""What came in against what the model takes: every deviation is named by field, value and expectation.

Categories that training did not see pass: the model answers them as it was trained to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sluice.domain.errors import Invalid, Reason

if TYPE_CHECKING:
    from sluice.domain.predictions import Cell, Cells
    from sluice.scoring.manifest import Feature, Manifest

RawColumn = Sequence[object] | NDArray[Any]
Columns = dict[str, NDArray[Any]]

MAX_REASONS = 20
_SHOWN_CHARACTERS = 80
_LARGEST = float(np.finfo(np.float32).max)
_NUMBERS = frozenset({int, float, NoneType})
_WORDS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False, "": None}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns as a protocol brought them, all of length `rows`: plain values or arrays. In a `textual`
    table (CSV) every cell is a string, '' for missing, or a column is parsed already: float64 with NaN.

    `numbers` has columns again, as float64 without NaN.
    """

    columns: Mapping[str, RawColumn]
    rows: int
    textual: bool = False
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """What `score` takes (float64 with NaN, or objects with '' for missing), and the protected values
    that came along for monitoring only.
    """

    columns: Columns
    accompanying: Mapping[str, Cells]
    count: int


class _Violation(Exception):  # noqa: N818 - caught in this file
    def __init__(self, row: int | None, value: object, expected: str) -> None:
        self.row, self.value, self.expected = row, value, expected


def enforce(manifest: Manifest, table: Table) -> Rows:
    """The table as the model takes it. Invalid with at most 20 reasons where it deviates."""
    if table.rows < 1:
        raise Invalid("there are no rows to score")
    plain = _plain_numbers(manifest, table)
    columns: Columns = {}
    reasons: list[Reason] = []
    for feature in manifest.features:
        try:
            columns[feature.name] = plain[feature.name] if feature.name in plain else _column(feature, table)
        except _Violation as found:
            reasons.append(_reason(feature, found))
    if reasons:
        raise violated(reasons)
    extra = [name for name in manifest.protected if name in table.columns and name not in columns]
    return Rows(columns, {name: _plain(name, table.columns[name]) for name in extra}, table.rows)


def violated(reasons: Sequence[Reason]) -> Invalid:
    """The error for these deviations: its text names each, as far as a reader wants to read."""
    text = "; ".join(reason.message for reason in reasons[:MAX_REASONS])
    more = len(reasons) - MAX_REASONS
    return Invalid(text + (f"; and {more} more" if more > 0 else ""), reasons[:MAX_REASONS])


def _plain(name: str, raw: RawColumn) -> list[Cell]:
    """Cells that JSON can say, whatever their type: nothing is computed from them here."""
    cells: list[Any] = raw.tolist() if isinstance(raw, np.ndarray) else list(raw)
    if not set(map(type, cells)) <= {str, int, float, bool, NoneType}:
        raise Invalid(f"{name}: expected texts or numbers")
    return [None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in cells]


def _reason(feature: Feature, found: _Violation) -> Reason:
    where = feature.name if found.row is None else f"{feature.name} in row {found.row}"
    value = _shown(found.value)
    message = f"{where}: expected {found.expected}" + (f", got {value}" if found.row is not None else "")
    return Reason(path=feature.name, message=message, value=value, expected=found.expected)


def _shown(value: object) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _column(feature: Feature, table: Table) -> NDArray[Any]:
    if feature.name not in table.columns:
        raise _Violation(None, None, f"a column of type {feature.dtype}, it is absent")
    numbers = table.numbers.get(feature.name)
    if numbers is not None and _is_plainly_right(feature, numbers):
        return numbers
    raw = table.columns[feature.name]
    if feature.dtype == "string":
        return _texts(feature, raw)
    if table.textual and not (isinstance(raw, np.ndarray) and raw.dtype.kind == "f"):
        raw = _parsed(feature, raw)
    return _checked(feature, raw, _numbers(feature, raw))


def _plain_numbers(manifest: Manifest, table: Table) -> Columns:
    """All columns of numbers at once, if nothing about them is remarkable: one by one costs more than scoring
    a row. Nothing otherwise.
    """
    if table.textual or table.numbers:
        return {}
    features = [feature for feature in manifest.features if feature.dtype == "number"]
    cells = [table.columns.get(feature.name) for feature in features]
    if not all(type(each) is list and set(map(type, each)) <= _NUMBERS for each in cells):
        return {}
    try:
        numbers = np.array(cells, dtype=np.float64).reshape(len(cells), table.rows)
    except OverflowError:
        return {}
    extremes = zip(features, numbers.min(axis=1).tolist(), numbers.max(axis=1).tolist(), strict=True)
    if not all(_is_within(feature, low, high) for feature, low, high in extremes):
        return {}
    return dict(zip((feature.name for feature in features), numbers, strict=True))


def _parsed(feature: Feature, raw: RawColumn) -> list[object]:
    """Text cells as numbers or booleans."""
    cells: list[object] = []
    for row, cell in enumerate(raw):
        text = str(cell).strip()
        try:
            cells.append(_WORDS[text.lower()] if feature.dtype == "boolean" else _number(text))
        except (KeyError, ValueError):
            raise _Violation(row, cell, _expectation(feature)) from None
    return cells


def _number(text: str) -> float | None:
    if "_" in text:
        raise ValueError(text)
    return float(text) if text else None


def _numbers(feature: Feature, raw: RawColumn) -> NDArray[np.float64]:
    """Float64 with NaN for missing, if every cell is of the right type."""
    if isinstance(raw, np.ndarray):
        if raw.dtype.kind not in ("biuf" if feature.dtype == "boolean" else "iuf"):
            raise _Violation(0, raw[0], _expectation(feature))
        with np.errstate(invalid="ignore"):  # a signalling NaN is missing like any other
            return raw.astype(np.float64)
    allowed = _NUMBERS | {bool} if feature.dtype == "boolean" else _NUMBERS
    if not set(map(type, raw)) <= allowed:
        row = next(row for row, cell in enumerate(raw) if type(cell) not in allowed)
        raise _Violation(row, raw[row], _expectation(feature))
    try:
        return np.array(raw, dtype=np.float64)
    except OverflowError:
        row = next(row for row, cell in enumerate(raw) if isinstance(cell, int) and abs(cell) > _LARGEST)
        raise _Violation(row, raw[row], "a finite number") from None


def _checked(feature: Feature, raw: RawColumn, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    if _is_plainly_right(feature, numbers):
        return numbers
    missing = np.isnan(numbers)
    if not feature.nullable:
        _refuse(missing, raw, _expectation(feature))
    with np.errstate(invalid="ignore"):
        _refuse(np.abs(numbers) > _LARGEST, raw, "a finite number")
        if feature.dtype == "integer":
            _refuse((numbers != np.floor(numbers)) & ~missing, raw, _expectation(feature))
        if feature.dtype == "boolean":
            _refuse((numbers != 0) & (numbers != 1) & ~missing, raw, _expectation(feature))
        if feature.minimum is not None:
            _refuse(numbers < feature.minimum, raw, f"at least {feature.minimum:g}")
        if feature.maximum is not None:
            _refuse(numbers > feature.maximum, raw, f"at most {feature.maximum:g}")
    return numbers


def _is_plainly_right(feature: Feature, numbers: NDArray[np.float64]) -> bool:
    """Whether a look at all of them at once says that nothing is wrong."""
    if feature.dtype == "boolean" and not ((numbers == 0) | (numbers == 1)).all():
        return False
    if feature.dtype == "integer" and not (numbers == np.floor(numbers)).all():
        return False
    return feature.dtype != "string" and _is_within(feature, numbers.min(), numbers.max())


def _is_within(feature: Feature, low: float, high: float) -> bool:
    """False for NaN, which an extreme is where a cell is missing: then no comparison holds."""
    minimum = -_LARGEST if feature.minimum is None else feature.minimum
    maximum = _LARGEST if feature.maximum is None else feature.maximum
    return bool(max(minimum, -_LARGEST) <= low and high <= min(maximum, _LARGEST))


def _refuse(wrong: NDArray[np.bool_], raw: RawColumn, expected: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        value = raw[row]
        raise _Violation(row, value.item() if isinstance(value, np.generic) else value, expected)


def _texts(feature: Feature, raw: RawColumn) -> NDArray[Any]:
    """Objects, not numpy's fixed-width text: one long value must not cost its length in every row."""
    cells: list[Any] = raw.tolist() if isinstance(raw, np.ndarray) else list(raw)
    if float in set(map(type, cells)):  # NaN is how data frames spell a missing text
        cells = [None if cell != cell else cell for cell in cells]  # noqa: PLR0124
    if not set(map(type, cells)) <= {str, NoneType}:
        row = next(row for row, cell in enumerate(cells) if cell is not None and not isinstance(cell, str))
        raise _Violation(row, cells[row], _expectation(feature))
    texts = np.array(["" if cell is None else cell for cell in cells], dtype=np.object_)
    if not feature.nullable:
        _refuse(texts == "", cells, _expectation(feature))
    for row, text in enumerate(texts):
        if not text.isascii() and not _is_unicode(text):
            raise _Violation(row, text, "text in Unicode")
    return texts


def _is_unicode(text: str) -> bool:
    """JSON can carry half of a surrogate pair, which is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_NAMES = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "a text",
}


def _expectation(feature: Feature) -> str:
    return _NAMES[feature.dtype] + (" or null" if feature.nullable else "")
