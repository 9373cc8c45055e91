"""Audit events and the chain that makes a change to them visible."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

GENESIS = "0" * 64
PLATFORM = "_platform"
"""What concerns no one project is kept like a project of this name, which no project can have."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what to which thing; `details` holds no personal data."""

    event_id: str
    at: str
    actor: str
    action: str
    subject: str
    correlation_id: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditLink:
    """Link `number` of a project's chain: binds one event to all before it. `at` is the event's time."""

    number: int
    event_id: str
    at: str
    hash: str
    previous: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`broken_at`: the first link that does not hold, None when all do. `unsealed`: events not yet linked."""

    links: int
    head: str
    broken_at: int | None
    reason: str | None
    unsealed: int


def link_hash(previous: str, event: AuditEvent) -> str:
    document = json.dumps(asdict(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{document}".encode()).hexdigest()


def seal(events: Iterable[AuditEvent], *, number: int, head: str) -> list[AuditLink]:
    """Links for these events, in order, after link `number` whose hash is `head`."""
    links: list[AuditLink] = []
    for event in events:
        number += 1
        link = AuditLink(number, event.event_id, event.at, link_hash(head, event), head)
        links.append(link)
        head = link.hash
    return links


def verify(links: Iterable[AuditLink], events: Mapping[str, AuditEvent]) -> Verification:
    """Recompute the chain over the events as they are stored now."""
    head, count = GENESIS, 0
    sealed: set[str] = set()
    for link in links:
        count += 1
        if reason := _broken(link, count, head, events):
            return Verification(count, head, link.number, reason, 0)
        sealed.add(link.event_id)
        head = link.hash
    return Verification(count, head, None, None, len(events.keys() - sealed))


def _broken(link: AuditLink, number: int, head: str, events: Mapping[str, AuditEvent]) -> str | None:
    if link.number != number:
        return f"link {number} is missing"
    if link.previous != head:
        return "it does not continue the link before it"
    if link.event_id not in events:
        return f"event {link.event_id} is gone"
    if link_hash(head, events[link.event_id]) != link.hash:
        return f"event {link.event_id} was changed"
    return None
