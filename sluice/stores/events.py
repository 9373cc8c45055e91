"""Events onto the bus. A schema of each stands in docs/events."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sluice.domain.clock import Clock, format_time, system_clock
from sluice.domain.errors import Unavailable
from sluice.domain.event import Event
from sluice.domain.ids import NewId, new_id

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

SOURCE = "sluice"


@dataclass(frozen=True)
class EventBus:
    """Publishes at least once: consumers are idempotent."""

    client: EventBridgeClient
    bus: str
    clock: Clock = system_clock
    new_id: NewId = new_id

    def publish(self, event: Event) -> str:
        """Gives the event's id; Unavailable when the bus did not take it."""
        event_id = self.new_id()
        detail = {"id": event_id, "version": 1, "time": format_time(self.clock()), **asdict(event)}
        entry = {
            "EventBusName": self.bus,
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": json.dumps(detail),
        }
        answer = self.client.put_events(Entries=[entry])  # type: ignore[list-item]
        if answer["FailedEntryCount"]:
            raise Unavailable(f"the event bus refused {event.type}")
        return event_id
