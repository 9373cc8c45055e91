"""Tell the world what reports found: at least once each, also after a crash between report and event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sluice.domain.event import Event, EventType
from sluice.stores.baselines import Watched
from sluice.stores.items import Item
from sluice.workflows.announce import announce

ACTOR = "sluice:check_drift"

_ACTIONS: Mapping[EventType, str] = {
    "DriftDetected": "drift.detect",
    "RetrainingRequested": "retraining.request",
}


def announce_reports(monitoring: Watched, tenant: str, project: str) -> None:
    """Publish and audit what was not yet; consumers know a report by its id."""
    for item in monitoring.drift_reports.unannounced(tenant, project):
        for kind, action in _ACTIONS.items():
            if kind in item["announce"]:
                _announce(monitoring, tenant, item, kind, action)
        monitoring.drift_reports.announced(item)


def _announce(monitoring: Watched, tenant: str, item: Item, kind: EventType, action: str) -> None:
    data = _data(item)
    announce(
        monitoring,
        Event(kind, tenant, item["project"], item["correlation_id"], item["report_id"], data),
        actor=ACTOR,
        action=action,
        subject=f"drift:{item['report_id']}",
        details={**data, "report_sha256": item["full"]["sha256"]},
        event_id=item["announce"][kind],
    )


def _data(item: Item) -> dict[str, Any]:
    document = json.loads(item["document"])
    return {
        **{name: item[name] for name in ("report_id", "environment", "model_version", "level")},
        "alarms": document["inputs"]["alarms"],
        "predictions": document["predictions"]["level"],
        "quality": document["quality"]["verdict"],
    }
