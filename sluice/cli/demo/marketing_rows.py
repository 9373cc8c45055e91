"""The calls of the marketing example in their order: what was known then, and what turned out later."""

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sluice.cli.demo.lifecycle import EXAMPLES

TRAINED_ROWS = 27_000
"""The model is trained on the calls before this one; those from it on are lived through."""
LABEL = "subscribed"
_LEFT_OUT = ("seq", "call_seconds")
_NUMBERS = ("age", "balance", "campaign", "previous")


@dataclass(frozen=True, slots=True)
class Calls:
    """`history` as a CSV file for training; `later` with numbers as numbers, in order."""

    history: bytes
    later: Sequence[dict[str, Any]]


def read_calls() -> Calls:
    path = EXAMPLES / "marketing" / "bank_marketing_ordered.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        reader = csv.DictReader(opened)
        columns = [name for name in reader.fieldnames or () if name not in _LEFT_OUT]
        rows = [{name: row[name] for name in columns} for row in reader]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[:TRAINED_ROWS])
    later = [{**row, **{name: int(row[name]) for name in _NUMBERS}} for row in rows[TRAINED_ROWS:]]
    return Calls(text.getvalue().encode(), later)
