"""Tokens for some projects see and change only what is theirs: one place, before any route's function.

An experiment belongs to the project it is named like, a registered model too; runs, logged models and files
follow their experiment. Most tokens are for all projects: they pass without a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from functions.track_runs.call import Call
from functions.track_runs.experiments import project_of
from functions.track_runs.interface import asked_of_graph
from functions.track_runs.requests import GraphQuery, Request
from sluice.domain.errors import Forbidden
from sluice.web.permissions import require

_LOGGED_MODEL = re.compile(r"models:/(m-[0-9a-f]{32})")
_VERSION = re.compile(r"models:/([^/@]+)")


def guard(call: Call, action: str, request: Request | None, path: str, query: Mapping[str, str]) -> None:
    """Forbidden when the request names something of a project that the token is not for."""
    if call.caller.sees_all:
        return
    fields = _fields(request, query)
    projects = [
        project_of(call.tracking.experiments.get(call.tenant, experiment_id))
        for experiment_id in _experiments(call, fields, path)
    ]
    projects += _names(action, fields, named=bool(projects))
    for project in projects:
        require(call.caller, action, project)
    # What names nothing shows only what the caller sees; it may not change anything.
    if not projects and (action.endswith(".write") or isinstance(request, GraphQuery)):
        raise Forbidden("this token is for some projects only")


def _fields(request: Request | None, query: Mapping[str, str]) -> Mapping[str, Any]:
    if isinstance(request, GraphQuery):
        return asked_of_graph(request)
    return dict(request) if request is not None else query


def _experiments(call: Call, fields: Mapping[str, Any], path: str) -> Iterator[str]:
    """The ids of all experiments that a request names, by whatever it names."""
    yield from (found for found in (fields.get("experiment_id"), *fields.get("experiment_ids", ())) if found)
    for run_id in (fields.get("run_id"), fields.get("source_run_id"), *fields.get("run_ids", ())):
        if run_id:
            yield call.tracking.runs.owners.find(call.tenant, run_id).experiment_id
    logged = _LOGGED_MODEL.match(str(fields.get("source", "")))
    for model_id in (fields.get("model_id"), logged and logged[1]):
        if model_id:
            yield call.tracking.models.owners.find(call.tenant, model_id).experiment_id
    if path and "run_id" not in fields:
        yield path.split("/", 1)[0]


def _names(action: str, fields: Mapping[str, Any], *, named: bool) -> list[str]:
    """Names that are projects': of models, of what an experiment is or gets called, of a source."""
    found = [fields.get("new_name"), fields.get("experiment_name")]
    source = _VERSION.match(str(fields.get("source", "")))
    if source and not _LOGGED_MODEL.match(source.string):
        found.append(source[1])
    if action.startswith("registry.") or not named:
        found.append(fields.get("name"))
    return [str(name) for name in found if name]
