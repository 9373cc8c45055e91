"""Builders of project.yaml documents."""

from copy import deepcopy
from typing import Any

Document = dict[str, Any]

_SMALLEST: Document = {
    "name": "credit",
    "purpose": "Estimate risk.",
    "owners": ["risk@example.com"],
    "contract": {
        "columns": [
            {"name": "applicant", "role": "id", "dtype": "string"},
            {"name": "amount", "role": "feature", "dtype": "number", "minimum": 0},
            {"name": "purpose", "role": "feature", "dtype": "string", "categories": ["car", "house"]},
            {"name": "sex", "role": "protected", "dtype": "string"},
            {"name": "seen", "role": "time", "dtype": "timestamp"},
            {"name": "default", "role": "target", "dtype": "integer"},
        ]
    },
    "target": {"name": "default", "positive": "1"},
    "training": {"entry": "train:train"},
    "evaluation": {"task": "binary"},
}


def a_document(changes: Document | None = None) -> Document:
    """A valid document with changes by dotted path; None removes. `contract.columns.1.dtype` is a path."""
    document = deepcopy(_SMALLEST)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place: Any = document
        for part in parents:
            place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
        if value is None:
            del place[last]
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    return document
