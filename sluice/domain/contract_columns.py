"""One column of text read as its type, with every broken rule as a reason.

Work is done on the distinct texts: a column of a million rows and five values parses five texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sluice.domain.errors import Reason
from sluice.domain.frames import Column

if TYPE_CHECKING:
    from sluice.domain.contract import ColumnRule

Dtype = Literal["number", "integer", "boolean", "string", "timestamp"]
Mask = NDArray[np.bool_]

LONGEST_TEXT = 1_000
_EXAMPLES = 5
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+(\.0+)?", re.ASCII)
_LARGEST = float(np.finfo(np.float32).max)
_EXACT = 2**53
_TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}


class FeatureRule(Protocol):
    """What is known of a model input."""

    @property
    def name(self) -> str: ...
    @property
    def dtype(self) -> Dtype: ...
    @property
    def nullable(self) -> bool: ...
    @property
    def minimum(self) -> float | None: ...
    @property
    def maximum(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class _Distinct:
    """The distinct texts of a column, where each row's text is among them, and which are missing."""

    texts: NDArray[np.str_]
    codes: NDArray[np.intp]
    counts: NDArray[np.intp]
    missing: Mask

    def rows(self, wrong: Mask) -> NDArray[np.intp]:
        """Rows (from 1) whose text is among the wrong ones."""
        return np.flatnonzero(wrong[self.codes]) + 1


def read_column(
    texts: NDArray[np.str_] | NDArray[np.bytes_], rule: ColumnRule, missing_values: Sequence[str] = ()
) -> tuple[Column, list[Reason]]:
    """The canonical column and its problems; what cannot be read is missing in the column.

    Texts may be UTF-8 bytes, which take a quarter of the memory.
    """
    distinct_texts, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    found = _decoded(distinct_texts)
    distinct = _Distinct(found, codes, counts, np.isin(found, ["", *missing_values]))
    parsed = [
        None if gone else _PARSERS[rule.dtype](text)
        for text, gone in zip(found.tolist(), distinct.missing.tolist(), strict=True)
    ]
    values = _canonical(parsed, rule.dtype)
    reasons = [reason for check in _CHECKS for reason in check(distinct, values, rule)]
    return values[codes], reasons


def _decoded(texts: NDArray[Any]) -> NDArray[np.str_]:
    if texts.dtype.kind == "S":
        return np.char.decode(texts.astype(np.bytes_), "utf-8")
    return texts.astype(np.str_)


def parse_number(text: str) -> float | None:
    """A finite decimal number that a 32-bit float can hold; None for any other text."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if abs(value) <= _LARGEST else None


def _parse_integer(text: str) -> float | None:
    value = float(text) if _INTEGER.fullmatch(text) else None
    return value if value is not None and abs(value) <= _EXACT else None


def _parse_string(text: str) -> str | None:
    return text if len(text) <= LONGEST_TEXT and "\x00" not in text else None


def parse_timestamp(text: str) -> str | None:
    """ISO 8601 in one sortable form, in UTC where a zone is given; None for any other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")


_PARSERS: dict[Dtype, Callable[[str], float | str | None]] = {
    "number": parse_number,
    "integer": _parse_integer,
    "boolean": lambda text: _TRUTH.get(text.lower()),
    "string": _parse_string,
    "timestamp": parse_timestamp,
}
_EXPECTED: dict[Dtype, str] = {
    "number": "a decimal number",
    "integer": "a whole number",
    "boolean": "true, false, 1 or 0",
    "string": f"text of at most {LONGEST_TEXT} characters",
    "timestamp": "a time like 2026-11-23T10:00:00",
}


def _canonical(parsed: list[float | str | None], dtype: Dtype) -> Column:
    if dtype in {"string", "timestamp"}:
        return np.asarray(["" if value is None else value for value in parsed], dtype=np.str_)
    return np.asarray([math.nan if value is None else value for value in parsed], dtype=np.float64)


def _unread(values: Column) -> Mask:
    return np.isnan(values) if values.dtype.kind == "f" else values == ""


def _check_dtype(distinct: _Distinct, values: Column, rule: ColumnRule) -> Iterator[Reason]:
    wrong = _unread(values) & ~distinct.missing
    yield from _reason(distinct, wrong, rule.name, f"not {rule.dtype}", _EXPECTED[rule.dtype])


def _check_missing(distinct: _Distinct, _: Column, rule: ColumnRule) -> Iterator[Reason]:
    if not rule.nullable:
        yield from _reason(distinct, distinct.missing, rule.name, "missing", "a value in every row")


def _check_range(distinct: _Distinct, values: Column, rule: ColumnRule) -> Iterator[Reason]:
    if values.dtype.kind != "f":
        return
    for limit, beyond, word, side in (
        (rule.minimum, np.less, "below the minimum", "at least"),
        (rule.maximum, np.greater, "above the maximum", "at most"),
    ):
        if limit is not None:
            yield from _reason(distinct, beyond(values, limit), rule.name, word, f"{side} {limit:g}")


def _check_categories(distinct: _Distinct, values: Column, rule: ColumnRule) -> Iterator[Reason]:
    if rule.categories is not None:
        wrong = ~np.isin(values, rule.categories) & ~_unread(values)
        known = ", ".join(rule.categories[:12]) + (", …" if len(rule.categories) > 12 else "")  # noqa: PLR2004
        yield from _reason(distinct, wrong, rule.name, "not among the categories", f"one of {known}")


def _check_unique(distinct: _Distinct, _: Column, rule: ColumnRule) -> Iterator[Reason]:
    if rule.unique or rule.role == "id":
        wrong = (distinct.counts > 1) & ~distinct.missing
        yield from _reason(distinct, wrong, rule.name, "repeated", "each value once")


_CHECKS = (_check_dtype, _check_missing, _check_range, _check_categories, _check_unique)


def _reason(distinct: _Distinct, wrong: Mask, name: str, what: str, expected: str) -> Iterator[Reason]:
    if not wrong.any():
        return
    rows = distinct.rows(wrong)
    first = ", ".join(str(row) for row in rows[:_EXAMPLES]) + (", …" if len(rows) > _EXAMPLES else "")
    noun = "row is" if len(rows) == 1 else "rows are"
    where = "row" if len(rows) == 1 else "rows"
    message = f"{len(rows)} {noun} {what} ({where} {first})"
    yield Reason(name, message, _examples(distinct, wrong), expected)


def _examples(distinct: _Distinct, wrong: Mask) -> str:
    """The most frequent wrong texts with their counts."""
    order = np.argsort(-distinct.counts * wrong, kind="stable")[: min(_EXAMPLES, int(wrong.sum()))]
    shown = [f"{distinct.texts[place][:60]!r} × {distinct.counts[place]}" for place in order]
    more = int(wrong.sum()) - len(shown)
    return ", ".join(shown) + (f" and {more} other values" if more else "")
