"""One attempt to tell a caller: counted before it is made, so that one that dies counts as well."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from functions.deliver_callback.post import NotDeliveredError, post
from sluice.domain.callback import ATTEMPTS, Delivery, receiver_of, signed_headers, wait_before
from sluice.domain.errors import Invalid

if TYPE_CHECKING:
    from functions.deliver_callback.settings import Settings
    from sluice.domain.batch import Batch
    from sluice.stores.deployment import Deployment

Json = dict[str, Any]

_TAKEN = range(200, 300)
# What no waiting will change: the receiver is gone for good, or points elsewhere: nobody is followed there.
_FINAL = frozenset({*range(300, 400), 410})


def deliver(deployment: Deployment, settings: Settings, tenant: str, batch: Batch) -> Json:
    """Post what ended to the batch's callback, and note what came of it."""
    found = batch.delivery or Delivery()
    if found.status == "waiting":
        begun = replace(found, attempts=found.attempts + 1, at=deployment.platform.now(), error=None)
        batch = deployment.batches.note_delivery(tenant, batch, begun)
        found = _attempt(deployment, settings, tenant, batch, begun)
        batch = deployment.batches.note_delivery(tenant, batch, found)
    if found.status == "waiting":
        return {"outcome": "again", "seconds": wait_before(found.attempts + 1, batch.batch_id)}
    deployment.batches.close(tenant, batch)
    return {"outcome": found.status}


def _attempt(
    deployment: Deployment, settings: Settings, tenant: str, batch: Batch, begun: Delivery
) -> Delivery:
    body = message_of(batch, settings.origin)
    keys = deployment.callback_secrets.signing(tenant, batch.project)
    timestamp = int(deployment.platform.clock().timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "Sluice",
        "x-correlation-id": batch.correlation_id,
        **signed_headers(keys, batch.batch_id, timestamp, body),
    }
    try:
        receiver = receiver_of(batch.callback or "", settings.hosts)
        answer = post(receiver, body, headers, settings)
    except Invalid as error:
        return replace(begun, status="failed", answer=None, error=str(error))
    except NotDeliveredError as error:
        return _judged(begun, None, str(error))
    return _judged(begun, answer, None)


def _judged(begun: Delivery, answer: int | None, error: str | None) -> Delivery:
    tried = replace(begun, answer=answer, error=error)
    if answer in _TAKEN:
        return replace(tried, status="delivered")
    final = answer in _FINAL or begun.attempts >= ATTEMPTS
    return replace(tried, status="failed" if final else "waiting")


def message_of(batch: Batch, origin: str) -> bytes:
    """What is said: that it ended and how, and where to ask for what came of it. Nobody's values.

    The same bytes at each attempt.
    """
    kind, address = ("request", "requests") if batch.kind == "request" else ("batch", "batches")
    document = {
        "type": f"{kind}.{batch.status}",
        "timestamp": batch.ended_at,
        "data": {
            f"{kind}_id": batch.batch_id,
            "project": batch.project,
            "environment": batch.environment,
            "status": batch.status,
            "correlation_id": batch.correlation_id,
            "result": f"{origin}/sluice/v1/projects/{batch.project}/{address}/{batch.batch_id}",
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()
