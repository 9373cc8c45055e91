"""Who is calling: read from what the authorizer put into the event, never from the request itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.domain.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL_PROJECTS = "*"


class Unauthenticated(Forbidden):
    """The event carries no caller: the route was reached without the authorizer."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; `projects` are names, or `*` for every project of the tenant."""

    tenant: str
    principal: str
    roles: frozenset[str]
    projects: frozenset[str]
    token_id: str

    @property
    def sees_all(self) -> bool:
        return ALL_PROJECTS in self.projects

    def sees(self, project: str) -> bool:
        return self.sees_all or project in self.projects


def read_caller(event: Mapping[str, Any]) -> Caller:
    """The caller of an HTTP API event (payload 2.0, simple authorizer response).

    Raises Unauthenticated when the authorizer's context is missing or incomplete, Forbidden when the
    authorizer knows the caller and says why this request is refused all the same.
    """
    context = (event.get("requestContext", {}).get("authorizer") or {}).get("lambda") or {}
    if refused := context.get("refused"):
        raise Forbidden(refused)
    try:
        return Caller(
            tenant=context["tenant"],
            principal=context["principal"],
            roles=_names(context["roles"]),
            projects=_names(context["projects"]),
            token_id=context.get("token_id", ""),
        )
    except KeyError as missing:
        raise Unauthenticated("this needs a token") from missing


def _names(joined: str) -> frozenset[str]:
    return frozenset(name for name in joined.split(",") if name)
