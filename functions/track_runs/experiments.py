"""Experiments behind the door."""

from __future__ import annotations

from functions.track_runs import requests as asked
from functions.track_runs import shapes
from functions.track_runs.call import Call, fitting
from functions.track_runs.shapes import Shape
from sluice.domain.errors import Invalid
from sluice.domain.tracking import grammars, limits
from sluice.domain.tracking.entities import ACTIVE, DELETED, Experiment
from sluice.domain.tracking.filters import compile_filter, parse_filter
from sluice.domain.tracking.ordering import ordered, parse_order
from sluice.domain.tracking.paths import safe_path
from sluice.domain.tracking.views import look_at_experiment

_MOST_PER_PAGE = 50_000
_MOST_TAGS = 90


def create(call: Call, request: asked.CreateExperiment) -> Shape:
    if len(request.tags) > _MOST_TAGS:
        raise Invalid(
            f"An experiment is created with at most {_MOST_TAGS} tags; set further ones afterwards."
        )
    for tag in request.tags:
        limits.within("value", tag.value, limits.EXPERIMENT_TAG_VALUE)
    made = call.tracking.experiments.create(
        call.tenant,
        request.name,
        tags={tag.key: tag.value for tag in request.tags},
        artifact_location=_location(request.artifact_location),
    )
    return {"experiment_id": made}


def get(call: Call, request: asked.ByExperiment) -> Shape:
    found = call.tracking.experiments.get(call.tenant, request.experiment_id)
    return {"experiment": shapes.experiment(found)}


def get_by_name(call: Call, request: asked.ByExperimentName) -> Shape:
    found = call.tracking.experiments.get_by_name(call.tenant, request.experiment_name)
    return {"experiment": shapes.experiment(found)}


def search(call: Call, request: asked.SearchExperiments) -> str:
    limits.check_max_results(request.max_results, _MOST_PER_PAGE)
    orders = [parse_order(one, grammars.EXPERIMENTS) for one in request.order_by]
    matches = compile_filter(parse_filter(request.filter, grammars.EXPERIMENTS))
    found = [
        one
        for one in call.tracking.experiments.all(call.tenant)
        if request.view_type in {"ALL", "ACTIVE_ONLY" if one.lifecycle_stage == ACTIVE else "DELETED_ONLY"}
        and call.caller.sees(project_of(one))
        and matches(look_at_experiment(one))
    ]
    # Ties fall to the id: downwards where an order was asked for, as MLflow has it.
    found.sort(key=lambda one: int(one.experiment_id), reverse=bool(orders))
    if not orders:
        orders = [parse_order("creation_time DESC", grammars.EXPERIMENTS)]
    query = [request.filter, request.order_by, request.view_type]
    page, following = call.page(
        query, request.page_token, ordered(found, orders, look_at_experiment), request.max_results
    )
    return fitting("experiments", [shapes.experiment(one) for one in page], following)


def update(call: Call, request: asked.UpdateExperiment) -> Shape:
    call.tracking.experiments.rename(call.tenant, request.experiment_id, request.new_name)
    return {}


def delete(call: Call, request: asked.ByExperiment) -> Shape:
    call.tracking.experiments.set_lifecycle(call.tenant, request.experiment_id, DELETED)
    return {}


def restore(call: Call, request: asked.ByExperiment) -> Shape:
    call.tracking.experiments.set_lifecycle(call.tenant, request.experiment_id, ACTIVE)
    return {}


def set_tag(call: Call, request: asked.SetExperimentTag) -> Shape:
    call.tracking.experiments.set_tag(call.tenant, request.experiment_id, request.key, request.value)
    return {}


def delete_tag(call: Call, request: asked.ExperimentKey) -> Shape:
    call.tracking.experiments.delete_tag(call.tenant, request.experiment_id, request.key)
    return {}


def project_of(experiment: Experiment) -> str:
    """The project an experiment belongs to: the one it is named like."""
    return experiment.name


def _location(location: str) -> str:
    """Where a client wants an experiment's artifacts: anywhere but in somebody else's folder here."""
    if location.startswith(("runs:", "models:")):
        raise Invalid(f"Artifact location cannot be a runs:/ or models:/ URI. Given: {location[:200]!r}")
    if "#" in location or "?" in location or "\x00" in location:
        raise Invalid(f"Artifact location cannot contain '#' or '?'. Given: {location[:200]!r}")
    if location.startswith("mlflow-artifacts:"):
        raise Invalid("Artifact locations under mlflow-artifacts: are chosen by the server: leave it empty")
    if location:
        safe_path(location.split(":", 1)[-1].lstrip("/") or "root")
    return location
