"""A fact for the record and for the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluice.domain.event import Event
from sluice.stores.deployment import Deployment


def announce(
    deployment: Deployment,
    event: Event,
    *,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    event_id: str,
    actor: str = "sluice",
) -> None:
    """Audit it, once for an `event_id`, and publish it, at least once: safe to repeat."""
    deployment.audit.record(
        event.tenant,
        event.project,
        actor=actor,
        action=action,
        subject=subject,
        correlation_id=event.correlation_id,
        details=details,
        event_id=event_id,
    )
    deployment.events.publish(event)
