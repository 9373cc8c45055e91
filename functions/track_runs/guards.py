"""Tokens for some projects see and change only what is theirs: one place, before any route's function.

An experiment belongs to the project it is named like, a registered model too; runs, logged models and files
follow their experiment. Most tokens are for all projects: they pass without a request.
"""

from __future__ import annotations

from collections.abc import Mapping

from functions.track_runs.call import Call
from functions.track_runs.experiments import project_of
from functions.track_runs.requests import Request
from sluice.domain.errors import Forbidden
from sluice.web.permissions import require


def guard(call: Call, action: str, request: Request | None, path: str, query: Mapping[str, str]) -> None:
    """Forbidden when the request names something of a project that the token is not for."""
    if call.caller.sees_all:
        return
    if action.startswith("registry."):
        name = _named(request, query, "name")
        if name:
            require(call.caller, action, name)
        return
    experiments = _experiments(call, request, path, query)
    for experiment_id in experiments:
        found = call.tracking.experiments.get(call.tenant, experiment_id)
        require(call.caller, action, project_of(found))
    if not experiments:
        _guard_names(call, action, request)


def _experiments(call: Call, request: Request | None, path: str, query: Mapping[str, str]) -> list[str]:
    """The ids of all experiments that a request names, by whatever it names."""
    found = [_named(request, query, "experiment_id"), *_all_named(request, "experiment_ids")]
    found += [
        call.tracking.runs.owners.find(call.tenant, run_id).experiment_id
        for run_id in [_named(request, query, "run_id"), *_all_named(request, "run_ids")]
        if run_id
    ]
    model_id = _named(request, query, "model_id")
    if model_id:
        found.append(call.tracking.models.owners.find(call.tenant, model_id).experiment_id)
    if path:
        found.append(path.split("/", 1)[0])
    return [experiment_id for experiment_id in found if experiment_id]


def _guard_names(call: Call, action: str, request: Request | None) -> None:
    """An experiment that is named, or made; what names nothing shows only what the caller sees."""
    name = getattr(request, "experiment_name", "") or getattr(request, "name", "")
    if name:
        require(call.caller, action, name)
    elif action.endswith(".write") or hasattr(request, "operationName"):
        raise Forbidden("this token is for some projects only")


def _named(request: Request | None, query: Mapping[str, str], name: str) -> str:
    return str(getattr(request, name, "") if request is not None else query.get(name, ""))


def _all_named(request: Request | None, name: str) -> list[str]:
    return list(getattr(request, name, ()))
