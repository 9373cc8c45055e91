"""MLflow's protocol: every address under /api/2.0 and /ajax-api/2.0, and what its web UI asks for."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.track_runs import settings
from functions.track_runs.door import Door
from sluice.web.observability import Event, observed


@cache
def door() -> Door:
    return Door(settings.tracking, settings.files, settings.platform)


@observed
def handler(event: Event, _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0)."""
    return door().answer(event)
