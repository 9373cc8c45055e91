"""Is an upload what its contract says? If so: its two sides in canonical form, and its profile."""

from __future__ import annotations

from typing import Any

from functions.validate_dataset.validate import validate
from sluice.stores.deployment import deployment
from sluice.web.observability import observed
from sluice.workflows.training_stage import StageInput, run_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ANN401, ARG001 - Lambda's signature
    """accepted, or rejected with a reason for every rule that was broken."""
    return run_stage(deployment(), StageInput.from_event(event), "validate_dataset", validate)
