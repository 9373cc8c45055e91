"""Scores the test side with the code that serves, and finds out whether the ONNX file is to be believed."""

from __future__ import annotations

from typing import Any

from functions.score_dataset.score_test_side import score_test_side
from sluice.stores.deployment import deployment
from sluice.web.observability import observed
from sluice.workflows.training_stage import StageInput, run_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ANN401, ARG001 - Lambda's signature
    """scored, or rejected when parity fails."""
    return run_stage(deployment(), StageInput.from_event(event), "score_dataset", score_test_side)
