"""The audit: who did what, and whether the record of it still holds."""

from __future__ import annotations

from functions.manage_platform.routes import Call, Json, Route, listed, shown
from sluice.domain.audit import AuditEvent, Verification, verify


def verification(call: Call) -> Json:
    """Recomputes the whole chain of the project over the events as they are stored now."""
    links = call.platform.audit.links(call.tenant, call.project)
    events = call.platform.audit.events(call.tenant, call.project)
    found = verify(links, events)
    return {**shown(found), "holds": found.broken_at is None}


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/audit",
        "audit.read",
        "Audit events, the newest first",
        listed("audit", lambda platform: platform.audit.page, AuditEvent),
        answer=AuditEvent,
        paged=True,
    ),
    Route(
        "GET",
        "/projects/{project}/audit/verification",
        "audit.read",
        "Whether the chain of events holds, and how many are not yet in it",
        verification,
        answer=Verification,
    ),
)
