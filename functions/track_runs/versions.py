"""Model versions behind the door."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from functions.track_runs import model_requests as asked
from functions.track_runs import shapes
from functions.track_runs.announce import announce, is_of_project
from functions.track_runs.call import Call, fitting
from functions.track_runs.shapes import Shape
from sluice.domain.errors import Invalid, NotFound
from sluice.domain.tracking import grammars, limits
from sluice.domain.tracking.entities import ModelVersion, RegisteredModel
from sluice.domain.tracking.filters import Clause, compile_filter, parse_filter
from sluice.domain.tracking.ordering import ordered, parse_order
from sluice.domain.tracking.paths import is_below, safe_path
from sluice.domain.tracking.views import look_at_version
from sluice.stores.tracking.versions import NewVersion

_MOST_PER_PAGE = 200_000
_VERSIONS_TAG = "mlflow.modelVersions"
_LOCAL = re.compile(r"(file:|[./~]|[A-Za-z]:|[^:]*$)")


def create(call: Call, request: asked.CreateVersion) -> Shape:
    source, run_id, model_id = _checked_source(call, request)
    new = NewVersion(
        source=source,
        run_id=run_id,
        tags={tag.key: tag.value for tag in request.tags},
        description=request.description,
        user_id=call.caller.principal,
        run_link=request.run_link,
        model_id=model_id,
        waits=is_of_project(call, request.name),
    )
    made = call.tracking.versions.create(call.tenant, request.name, new)
    if model_id:
        _tell_model(call, model_id, made)
    if new.waits:
        announce(call, made)
    return {"model_version": shapes.version(made)}


def get(call: Call, request: asked.ByVersion) -> Shape:
    found = call.tracking.versions.get(call.tenant, request.name, int(request.version))
    return {"model_version": shapes.version(found)}


def update(call: Call, request: asked.UpdateVersion) -> Shape:
    found = call.tracking.versions.describe(
        call.tenant, request.name, int(request.version), request.description
    )
    return {"model_version": shapes.version(found)}


def transition(call: Call, request: asked.TransitionStage) -> Shape:
    found = call.tracking.versions.set_stage(
        call.tenant,
        request.name,
        int(request.version),
        limits.check_stage(request.stage),
        archive=request.archive_existing_versions,
    )
    return {"model_version": shapes.version(found)}


def delete(call: Call, request: asked.ByVersion) -> Shape:
    call.tracking.versions.delete(call.tenant, request.name, int(request.version))
    return {}


def set_tag(call: Call, request: asked.SetVersionTag) -> Shape:
    call.tracking.versions.set_tag(
        call.tenant, request.name, int(request.version), request.key, request.value
    )
    return {}


def delete_tag(call: Call, request: asked.VersionKey) -> Shape:
    call.tracking.versions.delete_tag(call.tenant, request.name, int(request.version), request.key)
    return {}


def download_uri(call: Call, request: asked.ByVersion) -> Shape:
    found = call.tracking.versions.get(call.tenant, request.name, int(request.version))
    return {"artifact_uri": found.source}


def search(call: Call, request: asked.SearchVersions) -> str:
    limits.check_max_results(request.max_results, _MOST_PER_PAGE)
    clauses = parse_filter(request.filter, grammars.VERSIONS)
    orders = [parse_order(one, grammars.VERSIONS) for one in request.order_by]
    matches = compile_filter(clauses)
    found = [one for one in _candidates(call, clauses) if matches(look_at_version(one))]
    # The last change decides only where nothing else is asked for.
    found.sort(key=lambda one: (0 if orders else -one.last_update_time, one.name, -one.version))
    query = [request.filter, request.order_by]
    page, following = call.page(
        query, request.page_token, ordered(found, orders, look_at_version), request.max_results
    )
    return fitting("model_versions", [shapes.version(one) for one in page], following)


def _candidates(call: Call, clauses: tuple[Clause, ...]) -> list[ModelVersion]:
    """Versions of the models whose name or run the filter allows."""
    models = [one for one in call.tracking.registry.all(call.tenant) if call.caller.sees(one.name)]
    by_name = compile_filter([one for one in clauses if (one.kind, one.key) == ("attribute", "name")])
    allowed = [model for model in models if by_name(lambda _kind, _key, name=model.name: name)]  # type: ignore[misc]
    for one in clauses:
        if (one.kind, one.key, one.operator) == ("attribute", "run_id", "="):
            return _of_run(call, allowed, str(one.operand))
    return [found for model in allowed for found in call.tracking.versions.of_model(call.tenant, model)]


def _of_run(call: Call, models: list[RegisteredModel], run_id: str) -> list[ModelVersion]:
    by_uid = {model.uid: model for model in models}
    found: list[ModelVersion] = []
    for uid, number in call.tracking.versions.of_run(call.tenant, run_id):
        model = by_uid.get(uid)
        if model is None:
            continue
        try:
            found.append(call.tracking.versions.get(call.tenant, model.name, number, model=model))
        except NotFound:
            continue
    return found


def _tell_model(call: Call, model_id: str, made: ModelVersion) -> None:
    """A logged model lists the versions made from it in a tag, where the web UI looks."""
    tags = call.tracking.models.get(call.tenant, model_id).tags
    known = json.loads(str(tags.get(_VERSIONS_TAG, "[]")))
    told = json.dumps([*known, {"name": made.name, "version": str(made.version)}])
    call.tracking.models.set_tags(call.tenant, model_id, {_VERSIONS_TAG: told})


def _checked_source(call: Call, request: asked.CreateVersion) -> tuple[str, str, str]:
    """(source, run id, model id), if the source belongs to the run or model it names."""
    parts = urlsplit(request.source)
    if _LOCAL.match(request.source):
        raise Invalid(
            f"Invalid model version source: {request.source[:200]!r}: a local path is not reachable here."
        )
    if parts.path.strip("/"):
        safe_path(re.sub("/+", "/", parts.path).strip("/"))
    if parts.scheme in {"runs", "models"} and parts.netloc:
        raise _foreign(request.source, "run_id or model_id")
    first = parts.path.strip("/").split("/")[0]
    if parts.scheme == "runs" and (request.model_id or first != request.run_id):
        raise _foreign(request.source, "run_id")
    if parts.scheme == "models":
        return _of_models_uri(call, request, parts.path.strip("/"))
    if parts.scheme == "mlflow-artifacts" or "/mlflow-artifacts/artifacts" in parts.path:
        _check_below_root(call, request)
    return request.source, request.run_id, request.model_id


def _of_models_uri(call: Call, request: asked.CreateVersion, named: str) -> tuple[str, str, str]:
    """A logged model `models:/m-…`, or another version `models:/name/3` or `models:/name@alias`."""
    if re.fullmatch(r"m-[0-9a-f]{32}", named):
        if request.model_id and named != request.model_id:
            raise _foreign(request.source, "model_id")
        model = call.tracking.models.get(call.tenant, named)
        return request.source, request.run_id or model.source_run_id, named
    name, _, alias = named.partition("@")
    if alias:
        found = call.tracking.versions.by_alias(call.tenant, name, alias)
    else:
        name, _, number = named.partition("/")
        found = call.tracking.versions.get(call.tenant, name, limits.read_version(number))
    if found is None:
        raise NotFound(f"Registered model alias {alias} not found.")
    if {request.run_id, found.run_id} - {"", found.run_id}:
        raise _foreign(request.source, "run_id")
    return f"models:/{found.name}/{found.version}", found.run_id, found.model_id


def _check_below_root(call: Call, request: asked.CreateVersion) -> None:
    try:
        if request.model_id:
            root = call.tracking.models.get(call.tenant, request.model_id).artifact_uri
        elif request.run_id:
            root = call.tracking.runs.get(call.tenant, request.run_id).artifact_uri
        else:
            raise _foreign(request.source, "run_id")
    except NotFound as error:
        raise _foreign(request.source, "run_id") from error
    if not is_below(request.source, root):
        raise _foreign(request.source, "model_id" if request.model_id else "run_id")


def _foreign(source: str, parameter: str) -> Invalid:
    return Invalid(
        f"Invalid model version source: {source[:200]!r}. The {parameter} request parameter must name what "
        "contains the source."
    )
