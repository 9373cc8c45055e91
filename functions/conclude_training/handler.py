"""The last state of every training, however it went: nothing is left half done, and the next one starts."""

from __future__ import annotations

from typing import Any

from functions.conclude_training.conclude import conclude
from sluice.stores.deployment import deployment
from sluice.web.observability import observed
from sluice.workflows.dispatch import dispatch


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """`error` is there when a state failed in a way nobody foresaw: {"Error", "Cause"}."""
    store, tenant, project = deployment(), event["tenant"], event["project"]
    training = conclude(store, tenant, project, event["training_id"], event.get("error"))
    dispatch(store, tenant, project)
    return {"outcome": training.status}
