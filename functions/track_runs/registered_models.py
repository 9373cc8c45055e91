"""Registered models and aliases behind the door."""

from __future__ import annotations

from functions.track_runs import model_requests as asked
from functions.track_runs import shapes
from functions.track_runs.call import Call, fitting
from functions.track_runs.errors import NoAlias
from functions.track_runs.shapes import Shape
from sluice.domain.errors import Conflict
from sluice.domain.tracking import grammars, limits
from sluice.domain.tracking.entities import PROJECT_TAG, RegisteredModel
from sluice.domain.tracking.filters import compile_filter, parse_filter
from sluice.domain.tracking.ordering import ordered, parse_order
from sluice.domain.tracking.views import look_at_model

_MOST_PER_PAGE = 1_000


def create(call: Call, request: asked.CreateModel) -> Shape:
    tags = {tag.key: tag.value for tag in request.tags}
    made = call.tracking.registry.create(
        call.tenant, request.name, tags=tags, description=request.description
    )
    return {"registered_model": shapes.registered_model(made)}


def get(call: Call, request: asked.ByModel) -> Shape:
    return _told(call, call.tracking.registry.get(call.tenant, request.name))


def update(call: Call, request: asked.UpdateModel) -> Shape:
    call.tracking.registry.describe(call.tenant, request.name, request.description)
    return get(call, request)


def rename(call: Call, request: asked.RenameModel) -> Shape:
    """A project's model keeps its name: addresses, roles and lineage stand on it."""
    if PROJECT_TAG in call.tracking.registry.get(call.tenant, request.name).tags:
        raise Conflict(f"{request.name!r} is the model of a project and keeps its name")
    call.tracking.registry.rename(call.tenant, request.name, request.new_name)
    return _told(call, call.tracking.registry.get(call.tenant, request.new_name))


def delete(call: Call, request: asked.ByModel) -> Shape:
    if PROJECT_TAG in call.tracking.registry.get(call.tenant, request.name).tags:
        raise Conflict(f"{request.name!r} is the model of a project and stays with it")
    call.tracking.registry.delete(call.tenant, request.name)
    return {}


def search(call: Call, request: asked.SearchModels) -> str:
    limits.check_max_results(request.max_results, _MOST_PER_PAGE)
    orders = [parse_order(one, grammars.MODELS) for one in request.order_by]
    matches = compile_filter(parse_filter(request.filter, grammars.MODELS))
    found = [
        one
        for one in call.tracking.registry.all(call.tenant)
        if call.caller.sees(one.name) and matches(look_at_model(one))
    ]
    found.sort(key=lambda one: one.name)
    query = [request.filter, request.order_by]
    page, following = call.page(
        query, request.page_token, ordered(found, orders, look_at_model), request.max_results
    )
    latest = call.tracking.versions.latest(call.tenant, page)
    told = [shapes.registered_model(one, latest[one.name]) for one in page]
    return fitting("registered_models", told, following)


def set_tag(call: Call, request: asked.SetModelTag) -> Shape:
    call.tracking.registry.set_tag(call.tenant, request.name, request.key, request.value)
    return {}


def delete_tag(call: Call, request: asked.ModelKey) -> Shape:
    call.tracking.registry.delete_tag(call.tenant, request.name, request.key)
    return {}


def set_alias(call: Call, request: asked.SetAlias) -> Shape:
    call.tracking.set_alias(call.tenant, request.name, request.alias, int(request.version))
    return {}


def delete_alias(call: Call, request: asked.ByAlias) -> Shape:
    call.tracking.registry.delete_aliases(call.tenant, request.name, [request.alias])
    return {}


def get_by_alias(call: Call, request: asked.ByAlias) -> Shape:
    found = call.tracking.versions.by_alias(call.tenant, request.name, request.alias)
    if found is None:
        raise NoAlias(f"Registered model alias {request.alias} not found.")
    return {"model_version": shapes.version(found)}


def latest_versions(call: Call, request: asked.LatestVersions) -> Shape:
    """The newest version of each stage, or of the stages that are asked for."""
    model = call.tracking.registry.get(call.tenant, request.name)
    wanted = {limits.check_stage(stage) for stage in request.stages}
    latest = call.tracking.versions.latest(call.tenant, [model])[model.name]
    return {"model_versions": [shapes.version(one) for one in latest if not wanted or one.stage in wanted]}


def _told(call: Call, model: RegisteredModel) -> Shape:
    latest = call.tracking.versions.latest(call.tenant, [model])[model.name]
    return {"registered_model": shapes.registered_model(model, latest)}
