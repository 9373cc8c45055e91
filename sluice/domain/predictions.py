"""What was asked and what was answered: one scored request with its rows, and the truth that came later.

A prediction is one row of a request; its id is `{request}.{n}`. Standard library only: rooms without
numpy read these records.
"""

from __future__ import annotations

import base64
import math
import re
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.domain.errors import Invalid

Cell = float | str | None
Cells = Sequence[Cell]
Label = str | float

PACK_FROM_ROWS = 200
"""Numeric columns of so many rows are stored as bytes: text costs six times the processor time."""

_PREDICTION_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class ScoredRequest:
    """A request as it was answered; every column has `rows` cells, None for missing.

    `features` are the model's inputs, `accompanying` protected values that came for monitoring only.
    `probabilities` has one column a class. `timings` in milliseconds. `entity` is a salted hash.
    `personal` columns are stored under a key (`key_id` of the entity's keys); once that was `forgotten` their
    cells are None.
    """

    request_id: str
    project: str
    environment: str
    created_at: str
    revision: int
    promotion_id: str
    variant: str
    model_version: int
    model_digest: str
    task: str
    rows: int
    protocol: str
    principal: str
    correlation_id: str
    features: Mapping[str, Cells]
    threshold: float | None = None
    classes: tuple[str, ...] = ()
    probabilities: Mapping[str, Cells] = field(default_factory=dict)
    labels: Sequence[str] = field(default_factory=list)
    values: Cells = field(default_factory=list)
    accompanying: Mapping[str, Cells] = field(default_factory=dict)
    client_id: str | None = None
    entity: str | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    key_id: str | None = None
    forgotten: bool = False

    def row(self, number: int) -> dict[str, Cell]:
        """The features of one row."""
        return {name: cells[number] for name, cells in self.features.items()}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What turned out to be true of rows of one request: {row: label}. A later one overrules an earlier."""

    feedback_id: str
    request_id: str
    project: str
    environment: str
    variant: str
    model_version: int
    created_at: str
    principal: str
    labels: Mapping[int, Label]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A label that was not taken, and why."""

    prediction_id: str
    reason: str


def prediction_id(request_id: str, row: int) -> str:
    return f"{request_id}.{row}"


_FIRST = tuple(str(row) for row in range(1000))
_LAST_DIGITS = tuple(f"{row:03}" for row in range(1000))


def prediction_ids(request_id: str, rows: int) -> list[str]:
    """Those of all its rows."""
    ids = [f"{request_id}.{row}" for row in _FIRST[:rows]]
    for thousand in range(1, -(-rows // 1000)):  # joining texts takes a third of writing numbers
        begin = f"{request_id}.{thousand}"
        ids += [begin + last for last in _LAST_DIGITS]
    return ids[:rows]


def parse_prediction_id(text: str) -> tuple[str, int]:
    """Request id and row number; Invalid for anything else."""
    found = _PREDICTION_ID.fullmatch(text)
    if not found:
        raise Invalid(f"{text[:80]!r} is no prediction id: expected {{request}}.{{row}}")
    return found[1], int(found[2])


def label_of(request: ScoredRequest, row: int, given: object) -> Label:
    """The label as the model's classes spell it, or the value; Invalid when it cannot be true of this row.

    Whole numbers may be given for classes that are written like them.
    """
    if row >= request.rows:
        raise Invalid(f"the request has {request.rows} rows, the first is 0")
    if request.task == "regression":
        if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
            raise Invalid(f"a label must be a finite number, not {str(given)[:80]!r}")
        return float(given)
    whole = isinstance(given, float) and given.is_integer()
    text = str(int(given)) if whole else str(given)  # type: ignore[call-overload] # whole: a float
    if isinstance(given, bool) or text not in request.classes:
        raise Invalid(f"a label must be one of {', '.join(request.classes)}, not {text[:80]!r}")
    return text


def latest_labels(history: Sequence[Feedback]) -> dict[int, Label]:
    """What counts as true by row: the newest word on each."""
    labels: dict[int, Label] = {}
    for feedback in sorted(history, key=lambda entry: entry.feedback_id):
        labels |= feedback.labels
    return labels


def pack(cells: Cells) -> Any:  # noqa: ANN401 - JSON
    """A column as JSON: a list, or base64 of little-endian doubles where it is long and numeric."""
    if len(cells) < PACK_FROM_ROWS:
        return list(cells)
    if isinstance(cells, array):
        numbers = cells[:]
    elif str in set(map(type, cells)):
        return list(cells)
    else:
        numbers = array("d", [math.nan if cell is None else float(cell) for cell in cells])
    return {"f8": base64.b64encode(_little_endian(numbers).tobytes()).decode()}


def unpack(stored: Any) -> list[Cell]:  # noqa: ANN401 - JSON
    """The column that `pack` stored; ValueError or TypeError for anything else."""
    if isinstance(stored, list):
        return stored
    numbers = array("d")
    numbers.frombytes(base64.b64decode(stored["f8"]))
    return [None if number != number else number for number in _little_endian(numbers)]  # noqa: PLR0124 - NaN


def _little_endian(numbers: array[float]) -> array[float]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
