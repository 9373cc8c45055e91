"""Archive objects: gzipped JSON lines under keys that say whose, what, where and when."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

from functions.archive_predictions.count_records import Counted
from functions.archive_predictions.read_records import Record
from sluice.domain.artefacts import ArtefactRef
from sluice.stores.baselines import Watched

Place = tuple[str, str, str, str]
"""Tenant, kind, project, environment."""


def write_archive(archive: Watched, counted: Sequence[Counted]) -> dict[Place, ArtefactRef]:
    """One object for each tenant, kind, project and environment among the records.

    The key follows from the first and the last of them: the same records delivered again are written to the
    same key, others never are.
    """
    by_place: dict[Place, list[Counted]] = {}
    for entry in counted:
        place = (entry.record.tenant, entry.kind, entry.project, entry.environment)
        by_place.setdefault(place, []).append(entry)
    return {place: _write(archive, place, entries) for place, entries in by_place.items()}


def write_unreadable(archive: Watched, record: Record, error: Exception) -> None:
    """Set a record aside with the reason, so that the stream can go on."""
    document = {"error": f"{type(error).__name__}: {error}", "image": record.image}
    tenant, _, digest = record.identity.partition("/")
    content = json.dumps(document, sort_keys=True, default=str).encode()
    archive.artefacts.write(
        "archive", f"{tenant}/unreadable/{digest}.json", content, content_type="application/json"
    )


def _write(archive: Watched, place: Place, entries: Sequence[Counted]) -> ArtefactRef:
    hour = entries[0].at[:13].replace("-", "/").replace("T", "/")
    first, last = (entry.record.identity.partition("/")[2] for entry in (entries[0], entries[-1]))
    text = "".join(_json(line) for entry in entries for line in entry.lines)
    content = gzip.compress(text.encode(), compresslevel=6, mtime=0)
    key = "/".join((*place, hour, f"{first}-{last}.ndjson.gz"))
    return archive.artefacts.write("archive", key, content, content_type="application/gzip")


def _json(line: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False, sort_keys=True) + "\n"
