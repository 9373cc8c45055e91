"""The control API: every address under /sluice/v1, and /health."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.manage_platform.door import Door
from functions.manage_platform.settings import platform
from functions.manage_platform.table import ROUTES
from sluice.web.observability import Event, observed


@cache
def door() -> Door:
    return Door(ROUTES, platform())


@observed
def handler(event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0)."""
    return door().answer(event, context)
