"""Logged models behind the door."""

from __future__ import annotations

from functions.track_runs import model_requests as asked
from functions.track_runs import shapes
from functions.track_runs.call import Call, fitting
from functions.track_runs.names import run_name
from functions.track_runs.shapes import Shape
from sluice.domain.errors import Invalid
from sluice.domain.tracking import grammars, limits
from sluice.domain.tracking.ordering import Order, parse_order
from sluice.stores.tracking.logged_models import NewLoggedModel
from sluice.stores.tracking.search import DatasetFilter, ModelOrder

_PER_PAGE, _MOST_PER_PAGE = 100, 1_000


def create(call: Call, request: asked.CreateLoggedModel) -> Shape:
    new = NewLoggedModel(
        name=request.name or run_name(call.tracking.table.new_id()),
        model_type=request.model_type,
        source_run_id=request.source_run_id,
        params={param.key: param.value for param in request.params},
        tags={tag.key: tag.value for tag in request.tags},
    )
    return {
        "model": shapes.logged_model(call.tracking.models.create(call.tenant, request.experiment_id, new))
    }


def get(call: Call, request: asked.ByLoggedModel) -> Shape:
    return {"model": shapes.logged_model(call.tracking.models.get(call.tenant, request.model_id))}


def finalize(call: Call, request: asked.FinalizeLoggedModel) -> Shape:
    found = call.tracking.models.finalize(call.tenant, request.model_id, request.status)
    return {"model": shapes.logged_model(found)}


def delete(call: Call, request: asked.ByLoggedModel) -> Shape:
    call.tracking.models.delete(call.tenant, request.model_id)
    return {}


def set_tags(call: Call, request: asked.LoggedModelTags) -> Shape:
    tags = {tag.key: tag.value for tag in request.tags}
    call.tracking.models.set_tags(call.tenant, request.model_id, tags)
    return {}


def delete_tag(call: Call, request: asked.LoggedModelTagKey) -> Shape:
    call.tracking.models.delete_tag(call.tenant, request.model_id, request.tag_key)
    return {}


def log_params(call: Call, request: asked.LoggedModelParams) -> Shape:
    params = {param.key: param.value for param in request.params}
    call.tracking.models.log_params(call.tenant, request.model_id, params)
    return {}


def search(call: Call, request: asked.SearchLoggedModels) -> str:
    # Zero is as good as nothing said, to MLflow.
    most = limits.check_max_results(request.max_results or _PER_PAGE, _MOST_PER_PAGE)
    orders = [_order(one) for one in request.order_by]
    datasets = [DatasetFilter(one.dataset_name, one.dataset_digest) for one in request.datasets]
    search = call.tracking.search
    experiments = search.experiments_of(call.tenant, request.experiment_ids)
    found = search.of_models(call.tenant, experiments, request.filter, datasets, orders)
    query = request.model_dump(exclude={"page_token", "max_results"})
    page, following = call.page(query, request.page_token, found, most)
    models = call.tracking.models.resolve(page)
    return fitting("models", [shapes.logged_model(one) for one in models], following)


def _order(request: asked.LoggedModelOrder) -> ModelOrder:
    if request.dataset_digest and not request.dataset_name:
        raise Invalid("`dataset_digest` can only be specified if `dataset_name` is also specified.")
    entity, dot, key = request.field_name.partition(".")
    if dot and entity != "metrics":
        raise Invalid(f"Invalid order by field name: {entity}, only `metrics.<name>` is allowed.")
    named = (
        parse_order(request.field_name, grammars.LOGGED_MODELS)
        if not dot
        else Order("metric", key.strip("`"))
    )
    dataset = DatasetFilter(request.dataset_name, request.dataset_digest) if request.dataset_name else None
    return ModelOrder(Order(named.kind, named.key, request.ascending), dataset)
