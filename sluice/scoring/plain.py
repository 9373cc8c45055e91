"""A form for people: one object or a list of objects in, one readable object a row out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluice.domain.predictions import prediction_ids
from sluice.scoring.json_text import parse_json
from sluice.scoring.tables import from_records

if TYPE_CHECKING:
    from sluice.scoring.model import Scores
    from sluice.scoring.signature import Table


def decode_plain(content: bytes) -> Table:
    """{"age": 35, ...} or a list of such; Invalid for anything else."""
    body = parse_json(content)
    return from_records([body] if isinstance(body, dict) else body)


def answer_plain(request_id: str, scores: Scores, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Per row: its prediction id and the value, or the label and the probability of each class."""
    ids = prediction_ids(request_id, scores.rows)
    if scores.values is not None:
        return [
            {"prediction_id": name, "value": value}
            for name, value in zip(ids, scores.values.tolist(), strict=True)
        ]
    labels = [] if scores.labels is None else scores.labels.tolist()
    rows = [] if scores.probabilities is None else scores.probabilities.tolist()
    return [
        {"prediction_id": name, "label": label, "probability": dict(zip(classes, row, strict=True))}
        for name, label, row in zip(ids, labels, rows, strict=True)
    ]
