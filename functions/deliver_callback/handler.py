"""Tells who asked for a batch, or for a large request's answer, that it has ended."""

from __future__ import annotations

from typing import Any

from functions.deliver_callback.deliver import deliver
from functions.deliver_callback.settings import settings
from sluice.stores.deployment import deployment
from sluice.web.observability import note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """One attempt. `outcome`: delivered, failed, or again after so many `seconds`."""
    batch = deployment().batches.get(event["tenant"], event["project"], event["batch_id"])
    answer = deliver(deployment(), settings(), event["tenant"], batch)
    note(batch_id=batch.batch_id)
    return answer
