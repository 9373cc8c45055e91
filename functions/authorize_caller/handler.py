"""Says who a request comes from. What they may do is decided behind the door (sluice/web/permissions.py)."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.authorize_caller.settings import settings
from sluice.stores import clients
from sluice.stores.items import Items
from sluice.stores.tokens import TokenStore
from sluice.web.credentials import answer, identify
from sluice.web.observability import Event, note, observed


@cache
def _tokens() -> TokenStore:
    return TokenStore(Items(clients.dynamodb(), settings().platform_table))


@observed
def handler(event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """A simple response; an unusable token is a refusal, never an error."""
    found = identify(_tokens(), (event.get("headers") or {}).get("authorization", ""))
    if found:
        note(principal=found[1].principal, token_id=found[1].token_id)
    return answer(found)
