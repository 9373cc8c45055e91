"""Rows of numbers in long JSON become a matrix without an object for each number."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.scoring.json_text import parse_json

if TYPE_CHECKING:
    import simdjson
    from numpy.typing import NDArray

_LONG = 4_096
"""Bytes of rows from which on this is worth its import of 30 ms."""
_KEPT = 8 * 1024 * 1024
"""Bytes up to which a parser keeps its memory, four times as much, for the next request."""


@dataclass(frozen=True, slots=True)
class NumberRows:
    """`numbers` [rows, columns] float64, and the JSON that says them."""

    numbers: NDArray[np.float64]
    text: bytes

    def read(self) -> list[list[Any]]:
        """The same as JSON says it: whole numbers are whole."""
        rows: list[list[Any]] = parse_json(self.text)
        return rows


def cut_rows(content: bytes, mark: str) -> tuple[bytes, NumberRows] | None:
    """The JSON with the text `mark` in place of its list of rows, and the rows. None unless they are long,
    have no spaces between their outer brackets, and are of equally many numbers each and nothing else.

    The rows are valid by themselves. If the rest is too and nobody could know the mark, the whole is valid
    with the rows where the mark is found: inside of a text, the quotes of the mark would end it.
    """
    start, end = content.find(b"[["), content.rfind(b"]]") + 2
    if start < 0 or end - start < _LONG:
        return None
    text = content[start:end]
    has_more = b'"' in text or b"null" in text  # seen at once, where parsing would find it late
    numbers = None if has_more else _numbers(text)
    if numbers is None:
        return None
    return b'%b"%b"%b' % (content[:start], mark.encode(), content[end:]), NumberRows(numbers, text)


def _numbers(text: bytes) -> NDArray[np.float64] | None:
    """[rows, columns]; None for what is no JSON, or no list of lists of equally many numbers, and where
    simdjson is not there.
    """
    try:
        rows: Any = _parser(len(text)).parse(text)
        numbers = np.frombuffer(rows.as_buffer(of_type="d"))  # flat; refuses all but numbers and lists
        widths = set(map(len, rows))
    except (ImportError, RuntimeError, TypeError, ValueError):
        return None
    # As many brackets as rows: nothing lies deeper.
    if len(widths) != 1 or text.count(b"[") != len(rows) + 1:
        return None
    return numbers.reshape(len(rows), widths.pop())


_of_thread = threading.local()


def _parser(size: int) -> simdjson.Parser:
    """This thread's: a new one spends half of its time on memory, which is worth it for the largest only."""
    import simdjson  # noqa: PLC0415 - most requests are short

    if size > _KEPT:
        return simdjson.Parser()
    if not hasattr(_of_thread, "parser"):
        _of_thread.parser = simdjson.Parser()
    parser: simdjson.Parser = _of_thread.parser
    return parser
