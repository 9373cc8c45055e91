"""Says who a browser's request comes from: by its session's cookie, or by a token as every client has it.

Nobody passes too, as nobody: so the function behind refuses in its protocol's form, or leads to the sign-in.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.authorize_browser.remember import Remembered
from sluice.stores import clients
from sluice.stores.items import Items
from sluice.stores.sessions import SessionStore
from sluice.stores.tokens import TokenStore
from sluice.web.browser import read_visit
from sluice.web.observability import Event, note, observed


@cache
def _known() -> Remembered:
    """KeyError names the variable when it is missing."""
    return Remembered(SessionStore(TokenStore(Items(clients.dynamodb(), os.environ["PLATFORM_TABLE"]))))


@observed
def handler(event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """A simple response, always authorized; its context is the caller's, or empty."""
    visit = read_visit(event, os.environ.get("PUBLIC_ORIGIN"))
    header = visit.headers.get("authorization", "")
    caller = _known().by_header(header) if header else _known().by_session(visit.session)
    if caller and not header and (refused := visit.refusal_of_form()):
        caller = {"refused": refused}
    note(principal=caller.get("principal"), refused=caller.get("refused"))
    return {"isAuthorized": True, "context": caller}
