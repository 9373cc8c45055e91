"""Ledger records to items and back: used by the store, and by those who read the table's stream."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import IntegrityError
from sluice.domain.predictions import Feedback, ScoredRequest, pack, unpack
from sluice.stores.entity_keys import EntityKey, Sealed

ReadRef = Callable[[ArtefactRef], bytes]
FindKey = Callable[[Sealed], EntityKey | None]

GZIP_FROM_BYTES = 1024
GZIP_TO_BYTES = 256 * 1024
"""Over this, columns are packed numbers: compressing them costs more than scoring and saves a fifth."""
_GZIP = b"\x1f\x8b"

_TEXTS = (
    "project",
    "environment",
    "created_at",
    "promotion_id",
    "variant",
    "model_digest",
    "task",
    "protocol",
    "principal",
    "correlation_id",
)
_NUMBERS = ("revision", "model_version", "rows")
_OPTIONAL = ("threshold", "client_id", "entity")
_COLUMNS = ("features", "probabilities", "accompanying")
_LISTS = ("labels", "values")
_SEALED = ("features", "accompanying")


def request_attributes(request: ScoredRequest) -> dict[str, Any]:
    """All of a request but its rows."""
    names = (*_TEXTS, *_NUMBERS, *_OPTIONAL)
    return {
        "request": request.request_id,
        "classes": list(request.classes),
        "timings": dict(request.timings),
        "personal": list(request.personal) or None,
        **{name: getattr(request, name) for name in names},
    }


def request_document(request: ScoredRequest, key: EntityKey | None = None) -> str | bytes:
    """A request's rows as JSON text, gzipped where that saves something; personal columns under `key`."""
    columns = {name: {key: pack(cells) for key, cells in getattr(request, name).items()} for name in _COLUMNS}
    lists = {name: pack(getattr(request, name)) for name in _LISTS}
    filled = {name: value for name, value in (columns | lists).items() if value}
    if key is not None:
        taken = _taken_out(columns, request.personal)
        filled["sealed"] = key.seal(_context(request.request_id), _dumped(taken).encode())
        filled["hidden"] = {name: list(cells) for name, cells in taken.items()}
    text = _dumped(filled)
    if not GZIP_FROM_BYTES <= len(text) <= GZIP_TO_BYTES:
        return text
    return gzip.compress(text.encode(), compresslevel=1, mtime=0)


def decode_head(item: Mapping[str, Any]) -> ScoredRequest:
    """A request without its rows; IntegrityError for an item that is none."""
    return _request(item, {})


def decode_request(
    item: Mapping[str, Any], read: ReadRef, find_key: FindKey = lambda _: None
) -> ScoredRequest:
    """A request with its rows; `read` gives what overflowed, `find_key` the key of its personal columns.
    IntegrityError for an item that is none.
    """
    try:
        document = json.loads(_text(item, read))
        sealed = document.get("sealed")
        key = find_key(sealed) if sealed else None
        if sealed:
            opened = _opened(item, sealed, key, document["hidden"])
            document |= {name: document.get(name, {}) | opened[name] for name in _SEALED}
        return _request(item, document, forgotten=bool(sealed) and key is None)
    except (KeyError, OSError, ValueError) as error:
        raise IntegrityError(f"a ledger item cannot be read: {type(error).__name__}: {error}") from error


def decode_feedback(item: Mapping[str, Any]) -> Feedback:
    """The feedback in an item; IntegrityError for an item that is none."""
    try:
        return Feedback(
            feedback_id=item["feedback"],
            request_id=item["request"],
            project=item["project"],
            environment=item["environment"],
            variant=item["variant"],
            model_version=item["model_version"],
            created_at=item["created_at"],
            principal=item["principal"],
            labels={int(row): label for row, label in json.loads(item["document"]).items()},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"a feedback item cannot be read: {type(error).__name__}: {error}") from error


def _context(request_id: str) -> str:
    return f"request:{request_id}"


def _taken_out(columns: dict[str, dict[str, Any]], personal: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The personal ones of the columns, which lose them."""
    return {
        name: {key: columns[name].pop(key) for key in personal if key in columns[name]} for name in _SEALED
    }


def _opened(
    item: Mapping[str, Any], sealed: Sealed, key: EntityKey | None, hidden: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """Personal columns; empty cells once their key was forgotten."""
    if key is None:
        return {part: {name: [None] * item["rows"] for name in names} for part, names in hidden.items()}
    opened: dict[str, dict[str, Any]] = json.loads(key.open(_context(item["request"]), sealed))
    return opened


def _dumped(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, separators=(",", ":"))


def _request(
    item: Mapping[str, Any], document: Mapping[str, Any], *, forgotten: bool = False
) -> ScoredRequest:
    threshold = item.get("threshold")
    try:
        fields: dict[str, Any] = {
            "request_id": item["request"],
            "classes": tuple(item.get("classes", ())),
            "timings": dict(item.get("timings", {})),
            "threshold": None if threshold is None else float(threshold),
            "client_id": item.get("client_id"),
            "entity": item.get("entity"),
            "personal": tuple(item.get("personal", ())),
            "key_id": (document.get("sealed") or {}).get("key"),
            "forgotten": forgotten,
        }
        fields |= {name: str(item[name]) for name in _TEXTS}
        fields |= {name: int(item[name]) for name in _NUMBERS}
        fields |= {name: _columns(document.get(name, {})) for name in _COLUMNS}
        fields |= {name: unpack(document.get(name, [])) for name in _LISTS}
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"a ledger item cannot be read: {type(error).__name__}: {error}") from error
    return ScoredRequest(**fields)


def _columns(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: unpack(cells) for name, cells in stored.items()}


def _text(item: Mapping[str, Any], read: ReadRef) -> str | bytes:
    content: str | bytes = read(ArtefactRef(**item["overflow"])) if "overflow" in item else item["document"]
    return gzip.decompress(content) if isinstance(content, bytes) and content.startswith(_GZIP) else content
