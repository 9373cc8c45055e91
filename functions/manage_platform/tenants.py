"""Tenants: made, listed and deleted by an administrator of the operating tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listing, shown
from sluice.domain.audit import PLATFORM
from sluice.domain.errors import Conflict
from sluice.domain.event import Event
from sluice.domain.tenants import Tenant
from sluice.project.section import NAME_PATTERN
from sluice.stores.items import Item
from sluice.stores.records import from_item
from sluice.web.caller import ALL_PROJECTS


class CreateTenant(Body):
    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class NoBody(Body):
    """Nothing is asked for."""


@dataclass(frozen=True)
class TenantView:
    """`removed`: what a deletion has taken away so far, by kind."""

    name: str
    status: str
    created_by: str
    created_at: str
    updated_at: str
    deleted_by: str | None
    deleted_at: str | None
    removed: dict[str, int]


@dataclass(frozen=True)
class CreatedTenant(TenantView):
    """`token` is the text of an administrator's token of that tenant, shown this once."""

    token: str | None


def create(call: Call, body: CreateTenant) -> Json:
    tenant = call.platform.tenants.create(body.name, by=call.caller.principal)
    call.record(PLATFORM, "tenant.create", f"tenant:{tenant.name}")
    return {**_shown(tenant), "token": _token(call, tenant)}


def issue(call: Call, _body: NoBody) -> Json:
    """A further token, for when the first one was lost."""
    tenant = call.platform.tenants.get(call.path["tenant"])
    if tenant.status != "active":
        raise Conflict(f"tenant {tenant.name!r} is {tenant.status}")
    return {**_shown(tenant), "token": _token(call, tenant)}


def show_all(call: Call) -> Json:
    def view(item: Item) -> Json:
        return _shown(from_item(Tenant, item))

    return listing(call, "tenants", call.platform.tenants.page, view)


def show(call: Call) -> Json:
    return _shown(call.platform.tenants.get(call.path["tenant"]))


def delete(call: Call) -> Json:
    """Closes the tenant at once; a function takes away what it had. Again: goes on with that."""
    tenant = call.platform.tenants.begin_deletion(call.path["tenant"], by=call.caller.principal)
    if tenant.status == "deleting":
        correlation = call.correlation_id
        call.record(PLATFORM, "tenant.delete", f"tenant:{tenant.name}")
        call.platform.events.publish(
            Event("TenantDeletionRequested", tenant.name, PLATFORM, correlation, correlation, {})
        )
    return _shown(tenant)


def _token(call: Call, tenant: Tenant) -> str:
    principal = call.caller.principal
    token, text = call.platform.tokens.issue(
        tenant.name, principal=principal, roles=("admin",), projects=(ALL_PROJECTS,), by=principal
    )
    call.record(PLATFORM, "tenant.issue_token", f"tenant:{tenant.name}", token_id=token.token_id)
    return text


def _shown(tenant: Tenant) -> Json:
    return shown(tenant, "cursor")


ROUTES = (
    Route(
        "GET",
        "/tenants",
        "tenant.administer",
        "Tenants beside the operating one, by name",
        show_all,
        answer=TenantView,
        paged=True,
    ),
    Route(
        "POST",
        "/tenants",
        "tenant.administer",
        "Make a tenant and an administrator's token of it",
        accepting(CreateTenant, create),
        answer=CreatedTenant,
        body=CreateTenant,
        status=201,
        once=("token",),
    ),
    Route(
        "GET",
        "/tenants/{tenant}",
        "tenant.administer",
        "A tenant, and how far its deletion is",
        show,
        answer=TenantView,
    ),
    Route(
        "DELETE",
        "/tenants/{tenant}",
        "tenant.administer",
        "Delete a tenant with all it has; its audit chain stays",
        delete,
        answer=TenantView,
        status=202,
    ),
    Route(
        "POST",
        "/tenants/{tenant}/tokens",
        "tenant.administer",
        "A further administrator's token of a tenant",
        accepting(NoBody, issue),
        answer=CreatedTenant,
        body=NoBody,
        status=201,
        once=("token",),
    ),
)
