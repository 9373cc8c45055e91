"""Whether the platform is there, and as whom one speaks to it."""

from __future__ import annotations

from dataclasses import dataclass

from functions.manage_platform.routes import Call, Json, Route
from sluice.web.permissions import actions_of


@dataclass(frozen=True, slots=True)
class Health:
    status: str


@dataclass(frozen=True, slots=True)
class Me:
    """`projects` are names, or `*`; `actions` are rows of docs/permissions.md."""

    tenant: str
    principal: str
    roles: tuple[str, ...]
    projects: tuple[str, ...]
    actions: tuple[str, ...]
    token_id: str


def health(_call: Call) -> Json:
    """Alive, without asking any store: it is open to everybody and must cost nothing."""
    return {"status": "ok"}


def me(call: Call) -> Json:
    caller = call.caller
    return {
        "tenant": caller.tenant,
        "principal": caller.principal,
        "roles": sorted(caller.roles),
        "projects": sorted(caller.projects),
        "actions": actions_of(caller),
        "token_id": caller.token_id,
    }


ROUTES = (
    Route("GET", "/health", "health.read", "Whether the API is there", health, answer=Health, root=True),
    Route("GET", "/health", "health.read", "Whether the control API is there", health, answer=Health),
    Route("GET", "/me", "platform.read", "The caller of this token", me, answer=Me),
)
