"""Fits the project's model on the training side, in a process that can reach nothing."""

from __future__ import annotations

from typing import Any

from functions.train_model.train import train
from sluice.web.observability import observed
from sluice.workflows.isolated_settings import settings
from sluice.workflows.isolated_stage import run_isolated_stage, seconds_left
from sluice.workflows.training_stage import StageInput


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ANN401 - Lambda's signature
    """trained, or rejected with what was wrong with the code or its model."""
    given = StageInput.from_event(event)
    return run_isolated_stage(
        settings().files(given),
        given,
        "train_model",
        train,
        seconds_left=seconds_left(context),
        memory_mb=settings().memory_mb,
    )
