"""Turns files that arrive to be scored into batches: each object version once."""

from __future__ import annotations

from typing import Any

from sluice.stores.deployment import deployment
from sluice.web.observability import note, observed
from sluice.workflows.batches import receive_file


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """`outcome`: the batch's status, or `ignored` for what no project awaits."""
    found = event["detail"]["object"]
    key, version_id = found["key"], found.get("version-id")
    if version_id is None:
        version_id = deployment().artefacts.versions("data", key)[-1]
    by = event["detail"].get("requester", "unknown")
    batch = receive_file(deployment(), key, version_id, by)
    note(batch_id=batch.batch_id if batch else None)
    return {"outcome": batch.status if batch else "ignored"}
