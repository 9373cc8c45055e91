"""Signing in to the web interface, by a token or by the organisation's OpenID provider, and out of it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.open_session.door import Door
from functions.open_session.provider import read_provider
from sluice.stores import clients
from sluice.stores.audit import AuditStore
from sluice.stores.items import Items
from sluice.stores.secrets import read_parameter
from sluice.stores.sessions import SessionStore
from sluice.stores.tokens import TokenStore
from sluice.web.observability import Event, observed


@cache
def door() -> Door:
    """KeyError names a variable that is missing; pydantic.ValidationError what is wrong with OPENID."""
    document = os.environ.get("OPENID")
    return Door(
        SessionStore(TokenStore(Items(clients.dynamodb(), os.environ["PLATFORM_TABLE"]))),
        AuditStore(Items(clients.dynamodb(), os.environ["AUDIT_TABLE"])),
        os.environ.get("PUBLIC_ORIGIN"),
        read_provider(document) if document else None,
        lambda name: read_parameter(clients.ssm(), name),
    )


@observed
def handler(event: Event, _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0)."""
    return door().answer(event)
