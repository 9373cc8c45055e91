"""One project's chain: the events since the last link, in the order of their ids."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sluice.domain.audit import GENESIS, PLATFORM, AuditLink, seal
from sluice.stores.deployment import Deployment


def projects(deployment: Deployment, tenant: str) -> Iterator[str]:
    """Every project, and first what concerns none of them."""
    yield PLATFORM
    yield from deployment.projects.names(tenant)


def seal_project(deployment: Deployment, tenant: str, project: str) -> int:
    """How many events were linked now. Another sealer at work ends this one: a link number exists once."""
    last = deployment.audit.last_link(tenant, project)
    events = deployment.audit.unsealed(tenant, project, last)
    links = seal(events, number=last.number if last else 0, head=last.hash if last else GENESIS)
    appended = 0
    for link in links:
        if not deployment.audit.append_link(tenant, project, link):
            break
        appended += 1
    if appended:
        _anchor(deployment, tenant, project, links[appended - 1])
    return appended


def _anchor(deployment: Deployment, tenant: str, project: str, link: AuditLink) -> None:
    body = json.dumps({"number": link.number, "hash": link.hash, "event_id": link.event_id}).encode()
    deployment.artefacts.write(
        "audit", f"{tenant}/{project}/{link.number:012d}.json", body, content_type="application/json"
    )
