"""Runs the code version's own tests, in a process that can reach nothing."""

from __future__ import annotations

from typing import Any

from functions.run_project_tests.run_tests import run_tests
from sluice.web.observability import observed
from sluice.workflows.isolated_settings import settings
from sluice.workflows.isolated_stage import run_isolated_stage, seconds_left
from sluice.workflows.training_stage import StageInput


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ANN401 - Lambda's signature
    """passed, or rejected with the tests that failed."""
    given = StageInput.from_event(event)
    return run_isolated_stage(
        settings().files(given),
        given,
        "run_project_tests",
        run_tests,
        seconds_left=seconds_left(context),
        memory_mb=settings().memory_mb,
    )
