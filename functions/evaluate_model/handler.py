"""Judges the candidate: against a constant answer, the project's floors, and the champion."""

from __future__ import annotations

from typing import Any

from functions.evaluate_model.evaluate import evaluate
from sluice.stores.deployment import deployment
from sluice.web.observability import observed
from sluice.workflows.training_stage import StageInput, run_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ANN401, ARG001 - Lambda's signature
    """first, better, non_inferior, inconclusive, worse or rejected."""
    return run_stage(deployment(), StageInput.from_event(event), "evaluate_model", evaluate)
