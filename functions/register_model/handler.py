"""Makes a judged candidate a model version: its files, its run, its number, its lineage."""

from __future__ import annotations

from typing import Any

from functions.register_model.register import register
from sluice.stores.deployment import deployment
from sluice.web.observability import observed
from sluice.workflows.training_stage import StageInput, run_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ANN401, ARG001 - Lambda's signature
    """registered; a repeated call registers nothing twice."""
    return run_stage(deployment(), StageInput.from_event(event), "register_model", register)
