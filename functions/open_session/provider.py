"""The OpenID provider as the stage names it: who it is, and what its groups may do here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from sluice.domain.errors import Forbidden
from sluice.web.permissions import Role

_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


@dataclass(frozen=True, slots=True)
class GroupAccess:
    """Whoever is in `group` (`*`: everybody whom the provider knows) gets these roles on these projects."""

    group: str
    roles: tuple[Role, ...]
    projects: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Provider:
    """The same fields as infra.stages.OpenId; `secret_parameter` is None for a public client."""

    issuer: str
    client_id: str
    access: tuple[GroupAccess, ...]
    secret_parameter: str | None = None
    scopes: str = "openid email"
    principal_claim: str = "email"
    groups_claim: str = "groups"
    tenant: str = "default"

    def principal_of(self, claims: Mapping[str, Any]) -> str:
        """The name that the platform knows a person by; Forbidden when there is none that may be used."""
        name = claims.get(self.principal_claim)
        if self.principal_claim == "email" and claims.get("email_verified") is False:
            raise Forbidden("the provider has not verified your e-mail address")
        if not isinstance(name, str) or not _PRINCIPAL.fullmatch(name):
            raise Forbidden(f"the provider says no usable {self.principal_claim!r} of you")
        return name

    def access_of(self, claims: Mapping[str, Any]) -> GroupAccess:
        """The first row of the table that fits: roles and projects of two rows never mix. Forbidden: none."""
        given = claims.get(self.groups_claim, [])
        groups = (
            {given} if isinstance(given, str) else set(map(str, given)) if isinstance(given, list) else set()
        )
        for row in self.access:
            if row.group == "*" or row.group in groups:
                return row
        raise Forbidden(f"none of your {self.groups_claim} opens this deployment")


def read_provider(document: str) -> Provider:
    """The provider in the function's settings; pydantic.ValidationError where it is none."""
    return TypeAdapter(Provider).validate_json(document)
