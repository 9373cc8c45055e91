"""Links new audit events of every project into its chain and anchors the head where nobody can change it."""

from __future__ import annotations

from typing import Any

from functions.seal_audit.seal import projects, seal_project
from sluice.stores.deployment import deployment
from sluice.web.observability import note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """Gives how many events were linked."""
    linked = sum(
        seal_project(deployment(), tenant, project)
        for tenant in deployment().tenants.names("active", "deleting")
        for project in projects(deployment(), tenant)
    )
    note(linked=linked)
    return {"outcome": "sealed", "linked": linked}
