"""Endpoints: what serves in an environment, and what served before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.manage_platform.routes import Call, Json, Route, shown
from sluice.domain.endpoints import Endpoint
from sluice.domain.errors import NotFound


@dataclass(frozen=True)
class EndpointDetail(Endpoint):
    """`history`: its revisions, the newest first, at most 50."""

    history: Sequence[Endpoint] = ()


def show_all(call: Call) -> Json:
    """One an environment, so a few: the list has one page."""
    found = call.platform.endpoints.list(call.tenant, call.project)
    return {"items": [_shown(each) for each in found], "next_page_token": None}


def show(call: Call) -> Json:
    project, environment = call.project, call.path["environment"]
    found = call.platform.endpoints.get(call.tenant, project, environment)
    if found is None:
        raise NotFound(f"nothing of {project!r} serves in {environment!r}")
    history = call.platform.endpoints.history(call.tenant, project, environment, limit=50)
    return {**_shown(found), "history": [_shown(each) for each in history]}


def _shown(endpoint: Endpoint) -> Json:
    """Without the salt: who knows it can foresee which variant an entity meets."""
    return shown(endpoint, "salt")


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/endpoints",
        "endpoint.read",
        "What serves, by environment",
        show_all,
        answer=Endpoint,
        paged=True,
    ),
    Route(
        "GET",
        "/projects/{project}/endpoints/{environment}",
        "endpoint.read",
        "What serves in one environment, and what did before",
        show,
        answer=EndpointDetail,
    ),
)
