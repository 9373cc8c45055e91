"""Registered versions that wait to be judged: their event was lost, or their project had no data yet."""

from __future__ import annotations

from sluice.domain.errors import NotFound
from sluice.domain.event import version_created
from sluice.stores.deployment import Deployment


def find_versions(deployment: Deployment, tenant: str) -> list[str]:
    """Those that were announced, as name/version; start_training takes each up once."""
    found = []
    for name, number in deployment.tracking.versions.waiting(tenant):
        try:
            version = deployment.tracking.versions.get(tenant, name, number)
        except NotFound:
            continue  # deleted a moment ago
        deployment.events.publish(version_created(tenant, name, number, version.user_id))
        found.append(f"{name}/{number}")
    return found
