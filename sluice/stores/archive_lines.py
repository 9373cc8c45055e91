"""Personal fields in the archive's lines: under the entity's key there as in the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sluice.stores.entity_keys import EntityKey, Sealed

_PARTS = ("features", "accompanying")


def sealed_line(line: Mapping[str, Any], personal: Sequence[str], key: EntityKey | None) -> dict[str, Any]:
    """The line with its personal fields under `key`; without one they are left out."""
    taken = {
        part: {name: line[part][name] for name in personal if name in line[part]}
        for part in _PARTS
        if part in line
    }
    if not any(taken.values()):
        return dict(line)
    kept = {part: {name: cell for name, cell in line[part].items() if name not in personal} for part in taken}
    sealed = key.seal(_context(line), json.dumps(taken).encode()) if key else {}
    return {**line, **kept, "sealed": sealed}


def opened_line(
    line: Mapping[str, Any], find_key: Callable[[Sealed], EntityKey | None]
) -> dict[str, Any] | None:
    """The line as it was before `sealed_line`; None where its key was forgotten."""
    if "sealed" not in line:
        return dict(line)
    key = find_key(line["sealed"]) if line["sealed"] else None
    if key is None:
        return None
    taken = json.loads(key.open(_context(line), line["sealed"]))
    return {**line, **{part: {**line[part], **taken[part]} for part in taken}}


def _context(line: Mapping[str, Any]) -> str:
    return f"row:{line['prediction_id']}"
