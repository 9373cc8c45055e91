"""Drift: the reports of the monitoring, and a check now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listing, shown
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid, NotFound, Reason
from sluice.project.section import Name
from sluice.stores import keys
from sluice.stores.items import Item
from sluice.stores.monitoring import Progress


class RequestCheck(Body):
    """Close the endpoint's window now, if it has enough rows, and report."""

    environment: Name


@dataclass(frozen=True, slots=True)
class CheckRequested:
    event_id: str
    project: str
    environment: str


def show_all(call: Call) -> Json:
    """In short, newest first within an environment; of all environments unless one is asked for.

    With an environment, `progress` says how far its open window is.
    """
    project, environment = call.project, call.query.get("environment")
    fetch = partial(call.platform.drift_reports.page, call.tenant, project, environment=environment)
    page = listing(call, f"drift/{project}/{environment}", fetch, _document)
    return {**page, "progress": _progress(call, environment) if environment else None}


def show(call: Call) -> Json:
    """In full. The report's id need not say its environment: all are asked, in one request."""
    names = {"tenant": call.tenant, "project": call.project, "report_id": call.path["report_id"]}
    places = [keys.drift_report(environment=environment, **names) for environment in _environments(call)]
    for item in call.platform.records.get_many(places).values():
        whole: Json = json.loads(call.platform.artefacts.read(ArtefactRef(**item["full"])))
        return whole
    raise NotFound(f"project {call.project!r} has no drift report {names['report_id']}")


def request(call: Call, body: RequestCheck) -> Json:
    known = _environments(call)
    if body.environment not in known:
        reason = Reason("environment", "unknown environment", body.environment, ", ".join(known))
        raise Invalid("no such environment", [reason])
    event_id = call.publish("DriftCheckRequested", {"environment": body.environment})
    call.record(call.project, "drift.request", f"endpoint:{body.environment}", event_id=event_id)
    return {"event_id": event_id, "project": call.project, "environment": body.environment}


def _progress(call: Call, environment: str) -> Json:
    """Of the newest model version that was scored there; all zero before the first row is counted."""
    found = [
        each
        for each in call.platform.counts.progress(call.tenant, call.project)
        if each.environment == environment
    ]
    return shown(max(found, key=lambda each: each.model_version, default=Progress(environment, 0, 0, 0, 0)))


def _environments(call: Call) -> list[str]:
    project = call.platform.projects.get(call.tenant, call.project)
    return [each["name"] for each in json.loads(project.document)["promotion"]["environments"]]


def _document(item: Item) -> Json:
    document: Json = json.loads(item["document"])
    return document


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/drift",
        "drift.read",
        "Drift reports, the newest first",
        show_all,
        query=("environment",),
        paged=True,
    ),
    Route("GET", "/projects/{project}/drift/{report_id}", "drift.read", "A drift report", show),
    Route(
        "POST",
        "/projects/{project}/drift",
        "drift.run",
        "Check an endpoint for drift now",
        accepting(RequestCheck, request),
        answer=CheckRequested,
        body=RequestCheck,
        status=202,
    ),
)
