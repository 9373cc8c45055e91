"""What the values of one column look like, gathered in one pass with bounded memory for text."""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sluice.project.contract import DType

#: Texts that stand for missing where a column of numbers, times or truth values has them.
MARKERS = frozenset({"NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "?", "-", ".", "#N/A"})
#: More different values than this are not told apart.
DISTINCT_LIMIT = 2000

_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,15})")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


def is_integer(text: str) -> bool:
    """Whole numbers without leading zeros: 00501 is a code, not a number."""
    return _INTEGER.fullmatch(text) is not None


def is_number(text: str) -> bool:
    leading_zeros = len(text) > 1 and text[0] == "0" and text[1].isdigit()
    return _NUMBER.fullmatch(text) is not None and not leading_zeros and math.isfinite(float(text))


def is_boolean(text: str) -> bool:
    return text.lower() in {"true", "false"}


def is_timestamp(text: str) -> bool:
    if _TIMESTAMP.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_KINDS: tuple[tuple[DType, Callable[[str], bool]], ...] = (
    ("boolean", is_boolean),
    ("integer", is_integer),
    ("number", is_number),
    ("timestamp", is_timestamp),
)


@dataclass(slots=True)
class ColumnFacts:
    """Fed cell by cell with `add`; `repeated` is the first value that occurred twice."""

    name: str
    rows: int = 0
    empty: int = 0
    markers: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    crowded: bool = False
    longest: int = 0
    repeated: str | None = None
    _seen: set[int] = field(default_factory=set)
    _kinds: list[tuple[DType, Callable[[str], bool]]] = field(default_factory=lambda: list(_KINDS))
    _low: float = math.inf
    _high: float = -math.inf

    def add(self, cell: str) -> None:
        self.rows += 1
        if cell == "":
            self.empty += 1
            return
        self._watch_repetition(cell)
        if cell in self.counts:
            self.counts[cell] += 1
        elif cell in MARKERS:
            self.markers[cell] += 1
        else:
            self._add_new(cell)

    def _watch_repetition(self, cell: str) -> None:
        if self.repeated is None:
            if hash(cell) in self._seen:
                self.repeated = cell
                self._seen.clear()
            else:
                self._seen.add(hash(cell))

    def _add_new(self, cell: str) -> None:
        if len(self.counts) < DISTINCT_LIMIT:
            self.counts[cell] = 1
        else:
            self.crowded = True
        self.longest = max(self.longest, len(cell))
        self._kinds = [kind for kind in self._kinds if kind[1](cell)]
        if any(dtype == "number" for dtype, _ in self._kinds):
            self._low = min(self._low, float(cell))
            self._high = max(self._high, float(cell))

    @property
    def dtype(self) -> DType:
        """The narrowest type every value has; string where there is no value."""
        return self._kinds[0][0] if self._kinds and self.counts else "string"

    @property
    def uses_markers(self) -> bool:
        """Markers beside values of another type than text can only mean missing."""
        return bool(self.markers) and self.dtype != "string"

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest number. Only for integer and number columns."""
        return self._low, self._high

    @property
    def is_whole(self) -> bool:
        """Only whole numbers, though perhaps written as 1.0."""
        return not self.crowded and all(float(value).is_integer() for value in self.counts)

    @property
    def unique(self) -> bool:
        """Every row has a value and none has it twice."""
        return self.repeated is None and self.empty == 0 and self.rows > 0

    @property
    def counts_rows(self) -> bool:
        """Whole numbers without a gap, each once: a row number."""
        low, high = self._low, self._high
        return self.unique and self.dtype == "integer" and high - low == self.rows - 1

    def missing(self, markers: frozenset[str]) -> int:
        return self.empty + sum(self.markers[marker] for marker in markers)

    def values(self, markers: frozenset[str]) -> Counter[str]:
        """Values and how often they occur, without the missing ones."""
        kept = Counter({marker: n for marker, n in self.markers.items() if marker not in markers})
        return self.counts + kept
