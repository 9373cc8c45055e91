"""Signing in to the web interface, by a token or by the organisation's OpenID provider, and out of it."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.open_session.door import Door
from functions.open_session.settings import settings
from sluice.stores import clients
from sluice.stores.items import Items
from sluice.stores.secrets import read_parameter
from sluice.stores.sessions import SessionStore
from sluice.stores.tokens import TokenStore
from sluice.web.observability import Event, observed


@cache
def door() -> Door:
    given = settings()
    sessions = SessionStore(TokenStore(Items(clients.dynamodb(), given.platform_table)))
    return Door(
        sessions, given.public_origin, given.provider, lambda name: read_parameter(clients.ssm(), name)
    )


@observed
def handler(event: Event, _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0)."""
    return door().answer(event)
