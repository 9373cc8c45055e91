"""A request too large or too slow for the gateway: read from S3, answered as at the door, into S3."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from functions.predict.door import answer
from sluice.domain.batch import OPEN, REQUEST_BYTES, Batch, derived_key
from sluice.domain.clock import parse_time
from sluice.web.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.predict.serving import Serving
    from sluice.stores.artefacts import ArtefactStore
    from sluice.stores.batches import BatchStore

_LIMITS = Limits(text=REQUEST_BYTES, binary=REQUEST_BYTES)


def answer_stored(
    serving: Serving, store: ArtefactStore, batches: BatchStore, event: Mapping[str, Any]
) -> dict[str, Any]:
    """Outcome answered, whatever the answer is: status and headers stand in `answer.json`, written last."""
    batch = batches.get(event["tenant"], event["project"], event["batch_id"])
    if batch.status not in OPEN:
        return {"outcome": batch.status}
    # Id and time are the record's own: an attempt that comes after another is the same line in the ledger.
    at = parse_time(batch.created_at)
    request = _as_event(event["tenant"], batch, store)
    given = answer(replace(serving, clock=lambda: at), request, limits=_LIMITS, request_id=batch.batch_id)
    body = given["body"]
    content = base64.b64decode(body) if given["isBase64Encoded"] else body.encode()
    content_type = given["headers"]["content-type"]
    ref = store.write("data", _key(event["tenant"], batch, "answer"), content, content_type=content_type)
    said = {"status": given["statusCode"], "headers": given["headers"], "answer": asdict(ref)}
    store.write(
        "data",
        _key(event["tenant"], batch, "answer.json"),
        json.dumps(said).encode(),
        content_type="application/json",
    )
    return {"outcome": "answered"}


def _key(tenant: str, batch: Batch, name: str) -> str:
    return derived_key(tenant, batch.project, batch.batch_id, name)


def _as_event(tenant: str, batch: Batch, store: ArtefactStore) -> dict[str, Any]:
    """What the gateway would have sent, with the caller as whom the request was taken."""
    content = b"".join(store.stream("data", batch.key, batch.version_id or ""))
    caller = {
        "tenant": tenant,
        "principal": batch.requested_by,
        "roles": "invoker",
        "projects": batch.project,
    }
    return {
        "rawPath": batch.door["path"],
        "headers": {**batch.door, "x-correlation-id": batch.correlation_id},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
        "requestContext": {"http": {"method": "POST"}, "authorizer": {"lambda": caller}},
    }
