"""The end of a batch: all parts there, a manifest that lists them, a word to whoever dropped the file,
lineage, audit, and an event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from functions.score_batch.settings import Room
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.batch import OPEN, Batch, address_of, derived_key, outcome_key
from sluice.domain.event import Event
from sluice.domain.lineage import Edge, batch_node, model_node, object_node
from sluice.stores.records import to_attributes
from sluice.workflows.announce import announce

Json = dict[str, Any]


def conclude(
    room: Room, tenant: str, batch: Batch, event: Mapping[str, Any], _left: Callable[[], int]
) -> Json:
    """Outcome: the batch's final status, or `deliver` where its caller waits to be told. Safe to repeat."""
    if batch.status in OPEN:
        batch = _ended(room, tenant, batch, event.get("error"))
    _leave_word(room, tenant, batch)
    _tell(room, tenant, batch)
    if batch.callback:
        return {"outcome": "deliver"}
    room.batches.close(tenant, batch)
    return {"outcome": batch.status}


def _ended(room: Room, tenant: str, batch: Batch, error: Mapping[str, Any] | None) -> Batch:
    cause = None if error is None else str(error.get("Cause") or error)[:2000]
    if cause and batch.parts is None:
        return room.batches.end(tenant, batch, "failed", error=cause)
    if batch.kind == "request":
        return room.batches.end(tenant, batch, "succeeded")
    parts = room.batches.parts(tenant, batch.batch_id)
    if cause or len(parts) != batch.parts:
        told = f"{len(parts)} of {batch.parts} parts are there" + (f": {cause}" if cause else "")
        return room.batches.end(tenant, batch, "failed", error=told)
    scored, failed = (sum(getattr(part, name) for part in parts) for name in ("scored", "failed"))
    document = {
        "batch_id": batch.batch_id,
        "source": {"key": batch.key, "version_id": batch.version_id, "etag": batch.etag, "size": batch.size},
        "model": asdict(batch.model) if batch.model else None,
        "rows": batch.rows,
        "scored": scored,
        "failed": failed,
        "results": [asdict(ref) for part in parts for ref in part.results],
        "failures": [asdict(ref) for part in parts for ref in part.failures],
    }
    manifest = _write(room, derived_key(tenant, batch.project, batch.batch_id, "manifest.json"), document)
    return room.batches.end(
        tenant, batch, "succeeded", scored=scored, failed=failed, manifest=to_attributes(manifest)
    )


def _leave_word(room: Room, tenant: str, batch: Batch) -> None:
    """Beside the folder that the file was dropped into: who has no more than that knows no batch id."""
    address = address_of(batch.key)
    if address is None or address.batch_id is not None:
        return
    document = {
        "batch_id": batch.batch_id,
        "status": batch.status,
        "source": {"key": batch.key, "version_id": batch.version_id, "etag": batch.etag},
        "model_version": batch.model.version if batch.model else None,
        "rows": batch.rows,
        "scored": batch.scored,
        "failed": batch.failed,
        "reasons": [asdict(reason) for reason in batch.reasons],
        "error": batch.error,
        **{
            folder: derived_key(tenant, batch.project, batch.batch_id, f"{folder}/")
            for folder in ("results", "failures")
        },
        "manifest": batch.manifest.key if batch.manifest else None,
    }
    _write(room, outcome_key(tenant, batch.project, batch.environment, address.file), document)


def _write(room: Room, key: str, document: Json) -> ArtefactRef:
    content = json.dumps(document, indent=1).encode()
    return room.artefacts.write("data", key, content, content_type="application/json")


def _tell(room: Room, tenant: str, batch: Batch) -> None:
    counts = {"rows": batch.rows, "scored": batch.scored, "failed": batch.failed}
    version = batch.model.version if batch.model else None
    if version is not None and batch.status == "succeeded":
        node = batch_node(batch.batch_id)
        source = object_node(batch.key, batch.version_id or "")
        room.lineage.link(tenant, batch.project, Edge(model_node(batch.project, version), "scored", node))
        room.lineage.link(tenant, batch.project, Edge(source, "scored_in", node))
    data = {"batch_id": batch.batch_id, "kind": batch.kind, "status": batch.status, **counts}
    announce(
        room,
        Event("BatchConcluded", tenant, batch.project, batch.correlation_id, batch.batch_id, data),
        actor=batch.requested_by,
        action=f"batch.{batch.status}",
        subject=f"batch:{batch.batch_id}",
        details={"kind": batch.kind, "key": batch.key, "model_version": version, **counts},
        event_id=f"{batch.batch_id}.ended",
    )
