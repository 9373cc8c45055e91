"""The door under Lambda: behind a function URL or an HTTP API, in a container image of its own."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from edge.door import Door
from edge.start import lambda_door


@cache
def door() -> Door:
    return lambda_door(Path(__file__).resolve().parents[1], os.environ)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one event (payload 2.0)."""
    answered: dict[str, Any] = door().respond(event, context)
    return answered
