"""API tokens: made, listed and revoked by an administrator of the whole tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listed, shown
from sluice.domain.audit import PLATFORM
from sluice.domain.clock import format_time
from sluice.project.section import NAME_PATTERN
from sluice.stores.tokens import Token
from sluice.web.caller import ALL_PROJECTS
from sluice.web.permissions import Role

Principal = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")]
Scope = Annotated[str, StringConstraints(pattern=rf"(^\*$)|({NAME_PATTERN})")]


class IssueToken(Body):
    """`projects`: names, or `*` for all. Without `expires_days` the token counts until it is revoked."""

    principal: Principal
    roles: list[Role] = Field(min_length=1, max_length=7)
    projects: list[Scope] = Field(default=[ALL_PROJECTS], min_length=1, max_length=100)
    expires_days: float | None = Field(default=None, gt=0, le=3660)


@dataclass(frozen=True, slots=True)
class TokenView:
    token_id: str
    principal: str
    roles: tuple[str, ...]
    projects: tuple[str, ...]
    created_by: str
    created_at: str
    expires_on: str | None
    revoked_at: str | None


@dataclass(frozen=True)
class IssuedToken(TokenView):
    """`token` is its text, shown this once."""

    token: str | None


def issue(call: Call, body: IssueToken) -> Json:
    projects = (ALL_PROJECTS,) if ALL_PROJECTS in body.projects else tuple(sorted(set(body.projects)))
    token, text = call.platform.tokens.issue(
        call.tenant,
        principal=body.principal,
        roles=sorted(set(body.roles)),
        projects=projects,
        by=call.caller.principal,
        expires_at=_expiry(call, body.expires_days),
    )
    call.record(
        PLATFORM,
        "token.issue",
        f"token:{token.token_id}",
        principal=token.principal,
        roles=list(token.roles),
        projects=list(projects),
    )
    return {**_shown(token), "token": text}


def revoke(call: Call) -> Json:
    """Takes effect when the gateway's cache forgets the token: within 30 seconds."""
    token = call.platform.tokens.revoke(call.tenant, call.path["token_id"])
    call.record(PLATFORM, "token.revoke", f"token:{token.token_id}", principal=token.principal)
    return _shown(token)


def _expiry(call: Call, days: float | None) -> int | None:
    if days is None:
        return None
    return int((call.platform.records.clock() + timedelta(days=days)).timestamp())


def _shown(token: Token) -> Json:
    expires = token.expires_at
    on = None if expires is None else format_time(datetime.fromtimestamp(expires, UTC))
    return {**shown(token, "secret_sha256", "expires_at"), "expires_on": on}


ROUTES = (
    Route(
        "GET",
        "/tokens",
        "token.administer",
        "API tokens",
        listed("tokens", lambda platform: platform.tokens.page, Token, _shown),
        answer=TokenView,
        paged=True,
    ),
    Route(
        "POST",
        "/tokens",
        "token.administer",
        "Issue an API token; its text is shown once",
        accepting(IssueToken, issue),
        answer=IssuedToken,
        body=IssueToken,
        status=201,
        once=("token",),
    ),
    Route("DELETE", "/tokens/{token_id}", "token.administer", "Revoke a token", revoke, answer=TokenView),
)
