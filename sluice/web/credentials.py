"""From what a request proves (an Authorization header, a token's text) to a caller, or to nobody."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sluice.stores.tokens import Presented, Token, TokenStore, parse_token

_NOBODY = Token("", "", (), (), "0" * 64, "")
"""Compared with when there is no such token, so that both ways take equally long."""


def read_token(header: str) -> Presented | None:
    """The token in `Bearer <token>` or `Basic base64(<anyone>:<token>)`; None for anything else."""
    scheme, _, credentials = header.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return parse_token(credentials.strip())
        case "basic":
            return parse_token(_password(credentials.strip()))
    return None


def identify(tokens: TokenStore, header: str) -> tuple[Presented, Token] | None:
    """The token a header proves; None for a damaged, unknown, expired, revoked or wrong one."""
    return admit(tokens, read_token(header))


def admit(tokens: TokenStore, presented: Presented | None) -> tuple[Presented, Token] | None:
    """What was presented, with its token; None as for `identify`."""
    if presented is None:
        return None
    token = tokens.find(presented.tenant, presented.token_id)
    admitted = (token or _NOBODY).admits(presented.secret)
    return (presented, token) if token and admitted else None


def answer(found: tuple[Presented, Token] | None) -> dict[str, Any]:
    """The authorizer's simple response; its context holds text only."""
    if found is None:
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": context_of(found[0].tenant, found[1])}


def context_of(tenant: str, token: Token) -> dict[str, str]:
    """What functions behind an authorizer read their caller from (sluice/web/caller.py)."""
    return {
        "tenant": tenant,
        "principal": token.principal,
        "roles": ",".join(token.roles),
        "projects": ",".join(token.projects),
        "token_id": token.token_id,
    }


def _password(credentials: str) -> str:
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
