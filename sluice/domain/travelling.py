"""A scored request as it travels: written where it was answered, read by the ledger of its home."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from sluice.domain.clock import parse_time
from sluice.domain.errors import Invalid
from sluice.domain.predictions import Cells, ScoredRequest, pack, parse_prediction_id, prediction_id, unpack

MAX_DOCUMENT_BYTES = 4_000_000
"""Of one record: with its envelope it stays under what the home's door takes."""

_FIELDS = [each for each in dataclasses.fields(ScoredRequest) if each.name not in {"key_id", "forgotten"}]
"""All but what only the ledger knows."""
_COLUMNS = ("features", "probabilities", "accompanying")
_LISTS = ("labels", "values")
_TEXTS = (
    "project",
    "environment",
    "promotion_id",
    "variant",
    "model_digest",
    "task",
    "protocol",
    "principal",
    "correlation_id",
)


FINDING = "protected_ranked"
"""Beside a record: the id of its prediction among whose reasons a protected attribute ranks."""


def write_travelling(request: ScoredRequest, finding: str | None = None) -> str:
    """The request as JSON text, numbers exact; and what was found when it was explained."""
    document = {entry.name: getattr(request, entry.name) for entry in _FIELDS}
    for name in _COLUMNS:
        document[name] = {key: pack(cells) for key, cells in document[name].items()}
    for name in _LISTS:
        document[name] = pack(document[name])
    document["timings"] = dict(request.timings)
    document |= {FINDING: finding} if finding else {}
    return json.dumps(document, separators=(",", ":"))


def read_travelling(document: Mapping[str, Any]) -> ScoredRequest:
    """The request in a document that anybody may have written; Invalid when it makes no sense."""
    try:
        fields = {entry.name: document[entry.name] for entry in _FIELDS if entry.name in document}
        fields |= {
            name: {str(key): unpack(cells) for key, cells in document[name].items()} for name in _COLUMNS
        }
        fields |= {name: unpack(document[name]) for name in _LISTS}
        fields |= {name: tuple(map(str, document[name])) for name in ("classes", "personal")}
        request = ScoredRequest(**fields)
        _check(request)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"a record cannot be read: {type(error).__name__}: {error}") from error
    return request


def _check(request: ScoredRequest) -> None:
    parse_prediction_id(prediction_id(request.request_id, 0))
    parse_time(request.created_at)
    if wrong := [name for name in _TEXTS if not isinstance(getattr(request, name), str)]:
        raise Invalid(f"{wrong[0]} must be text")
    numbers = (request.model_version, request.revision, request.rows)
    if any(type(number) is not int or number < 0 for number in numbers) or not request.rows:
        raise Invalid("model_version, revision and rows must be whole numbers, and rows more than 0")
    columns = [*(cells for name in _COLUMNS for cells in getattr(request, name).values())]
    columns += [cells for cells in (request.labels, request.values) if cells]
    if any(len(cells) != request.rows for cells in columns):
        raise Invalid(f"a column has not as many cells as there are rows, {request.rows}")
    if not all(_is_plain(cells) for cells in columns):
        raise Invalid("a cell is neither a finite number nor text nor null")
    if not (request.labels or request.values):
        raise Invalid("neither labels nor values are there")
    if not all(map(_is_number, request.timings.values())):
        raise Invalid("timings must be milliseconds")


def _is_plain(cells: Cells) -> bool:
    return all(cell is None or isinstance(cell, str) or _is_number(cell) for cell in cells)


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and math.isfinite(cell)
