"""The audit table: events are put once and never changed, links chain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sluice.domain.audit import AuditEvent, AuditLink
from sluice.domain.clock import format_time, parse_time
from sluice.stores import keys
from sluice.stores.items import Items, Page
from sluice.stores.records import from_item, to_attributes

_LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class AuditStore:
    items: Items

    def record(  # noqa: PLR0913 - who, what, on what, why
        self,
        tenant: str,
        project: str,
        *,
        actor: str,
        action: str,
        subject: str,
        correlation_id: str,
        details: Mapping[str, Any] | None = None,
        event_id: str | None = None,
    ) -> str:
        """Put one event. A caller that may repeat itself passes the same `event_id` again: it is put once."""
        event_id = event_id or self.items.new_id()
        event = AuditEvent(event_id, self.items.now(), actor, action, subject, correlation_id, details or {})
        pk, sk = keys.audit_event(tenant=tenant, project=project, event_id=event_id)
        order = f"{event.at}#{event_id}"
        self.items.put_new({"pk": pk, "sk": sk, "lsi1sk": order, **to_attributes(event)})
        return event_id

    def page(
        self, tenant: str, project: str, *, limit: int = 100, start: Mapping[str, str] | None = None
    ) -> Page:
        """Events as items, newest first."""
        partition = keys.audit_partition(tenant=tenant, project=project)
        return self.items.query(partition, prefix="event#", limit=limit, start=start, descending=True)

    def events(self, tenant: str, project: str) -> dict[str, AuditEvent]:
        """Every event of a project by id, oldest first."""
        partition = keys.audit_partition(tenant=tenant, project=project)
        found = (from_item(AuditEvent, item) for item in self.items.query_all(partition, prefix="event#"))
        return {event.event_id: event for event in found}

    def links(self, tenant: str, project: str) -> list[AuditLink]:
        partition = keys.audit_partition(tenant=tenant, project=project)
        return [from_item(AuditLink, item) for item in self.items.query_all(partition, prefix="link#")]

    def last_link(self, tenant: str, project: str) -> AuditLink | None:
        partition = keys.audit_partition(tenant=tenant, project=project)
        newest = self.items.query(partition, prefix="link#", limit=1, descending=True).items
        return from_item(AuditLink, newest[0]) if newest else None

    def unsealed(self, tenant: str, project: str, last: AuditLink | None) -> list[AuditEvent]:
        """Events that no link names, oldest first: one that was put late is found for ten minutes."""
        partition = keys.audit_partition(tenant=tenant, project=project)
        since = format_time(parse_time(last.at) - _LATE) if last else "0"
        sealed = self._sealed_since(partition, since) if last else set()
        recent = self.items.query_all(partition, index="lsi1", since=since)
        return [from_item(AuditEvent, item) for item in recent if item["event_id"] not in sealed]

    def _sealed_since(self, partition: str, since: str) -> set[str]:
        """Ids of the events linked since a time; links are nearly in the order of their events."""
        floor = format_time(parse_time(since) - _LATE)
        sealed: set[str] = set()
        start: Mapping[str, str] | None = None
        while True:
            page = self.items.query(partition, prefix="link#", start=start, descending=True)
            sealed |= {item["event_id"] for item in page.items}
            start = page.next_key
            if not start or page.items[-1]["at"] < floor:
                return sealed

    def append_link(self, tenant: str, project: str, link: AuditLink) -> bool:
        """False where another sealer was faster."""
        pk, sk = keys.audit_link(tenant=tenant, project=project, number=link.number)
        return self.items.put_new({"pk": pk, "sk": sk, **to_attributes(link)})
