"""Runs behind the door: made, ended, searched, logged to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from functions.track_runs import requests as asked
from functions.track_runs import shapes
from functions.track_runs.call import Call, fitting
from functions.track_runs.names import run_name
from functions.track_runs.shapes import Shape
from sluice.domain.errors import Invalid
from sluice.domain.tracking import entities, grammars, limits
from sluice.domain.tracking.entities import ACTIVE, DELETED, RUN_NAME_TAG
from sluice.domain.tracking.ordering import parse_order
from sluice.domain.tracking.views import CONTEXT_TAG
from sluice.stores.tracking.runs import NewRun

_MOST_PER_PAGE = 50_000
_LOOKED_AT = 2_000
"""Runs of a page whose large values are fetched at once; a longer page is cut and goes on with its token."""
_MOST_DATASETS = 1_000
_HISTORY_TAG = "mlflow.log-model.history"


def create(call: Call, request: asked.CreateRun) -> Shape:
    """The name is the tag `mlflow.runName`; both may be given if they agree."""
    tags = {tag.key: limits.within("value", tag.value, limits.TAG_VALUE) for tag in request.tags}
    named = tags.get(RUN_NAME_TAG, "")
    if request.run_name and named and request.run_name != named:
        raise Invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
        )
    run_id = call.tracking.table.new_id().replace("-", "")
    new = NewRun(
        name=request.run_name or named or run_name(run_id),
        user_id=request.user_id,
        start_time=request.start_time,
        tags=tags,
        run_id=run_id,
    )
    return {"run": shapes.run(call.tracking.runs.create(call.tenant, request.experiment_id, new))}


def get(call: Call, request: asked.ByRun) -> Shape:
    """The run; a deleted experiment takes its runs along."""
    found = call.tracking.runs.get(call.tenant, request.run_id)
    experiment = call.tracking.experiments.get(call.tenant, found.experiment_id)
    if experiment.lifecycle_stage == DELETED:
        found = replace(found, lifecycle_stage=DELETED)
    return {"run": shapes.run(found)}


def update(call: Call, request: asked.UpdateRun) -> Shape:
    updated = call.tracking.runs.update(
        call.tenant,
        request.run_id,
        status=request.status or "",
        end_time=request.end_time,
        name=request.run_name,
    )
    return {"run_info": shapes.run_info(updated)}


def delete(call: Call, request: asked.ByRun) -> Shape:
    call.tracking.runs.set_lifecycle(call.tenant, request.run_id, DELETED)
    return {}


def restore(call: Call, request: asked.ByRun) -> Shape:
    call.tracking.runs.set_lifecycle(call.tenant, request.run_id, ACTIVE)
    return {}


def search(call: Call, request: asked.SearchRuns) -> str:
    limits.check_max_results(request.max_results, _MOST_PER_PAGE)
    orders = [parse_order(one, grammars.RUNS) for one in request.order_by]
    search = call.tracking.search
    experiments = search.experiments_of(call.tenant, request.experiment_ids)
    found = search.of_runs(call.tenant, experiments, request.filter, request.run_view_type, orders)
    query = [request.experiment_ids, request.filter, request.run_view_type, request.order_by]
    page, following = call.page(query, request.page_token, found, min(request.max_results, _LOOKED_AT))
    runs = call.tracking.runs.resolve(page)
    return fitting("runs", [shapes.run(one) for one in runs], following)


def search_datasets(call: Call, request: asked.SearchDatasets) -> Shape:
    """The datasets that runs of the experiments have read, each context once."""
    search = call.tracking.search
    experiments = search.experiments_of(call.tenant, request.experiment_ids)
    found: dict[tuple[str, ...], Shape] = {}
    for experiment_id, one in search.datasets(call.tenant, experiments):
        context = dict(one.tags).get(CONTEXT_TAG, "")
        found[experiment_id, one.name, one.digest, context] = {
            "experiment_id": experiment_id,
            "name": one.name,
            "digest": one.digest,
            **({"context": context} if context else {}),
        }
    return {"dataset_summaries": list(found.values())[:_MOST_DATASETS]}


def log_metric(call: Call, request: asked.LogMetric) -> Shape:
    return _log(call, request.run_id, metrics=[request])


def log_param(call: Call, request: asked.LogParam) -> Shape:
    return _log(call, request.run_id, params=[request])


def set_tag(call: Call, request: asked.SetTag) -> Shape:
    return _log(call, request.run_id, tags=[request])


def log_batch(call: Call, request: asked.LogBatch) -> Shape:
    if len(call.body) > limits.BATCH_BYTES:
        raise Invalid(
            f"Batched logging API requests must be at most {limits.BATCH_BYTES} bytes, got a request of size "
            f"{len(call.body)}."
        )
    limits.check_batch(len(request.metrics), len(request.params), len(request.tags))
    limits.check_unique([param.key for param in request.params])
    return _log(call, request.run_id, request.metrics, request.params, request.tags)


def delete_tag(call: Call, request: asked.DeleteTag) -> Shape:
    call.tracking.runs.delete_tag(call.tenant, request.run_id, request.key)
    return {}


def log_model(call: Call, request: asked.LogModel) -> Shape:
    """What clients before 3.0 say of a model they logged: kept in a tag, as they read it back."""
    try:
        described = json.loads(request.model_json)
    except ValueError as error:
        raise Invalid(
            f"Malformed model info. \n {request.model_json[:200]!r} \n is not valid JSON"
        ) from error
    missing = {"artifact_path", "flavors", "utc_time_created", "run_id"} - set(described)
    if missing:
        raise Invalid(f"Model json is missing mandatory fields: {sorted(missing)}")
    tags = call.tracking.runs.get(call.tenant, request.run_id).tags
    history = json.loads(str(tags.get(_HISTORY_TAG, "[]")))
    told = json.dumps(
        [*history, {name: value for name, value in described.items() if name != "model_size_bytes"}]
    )
    call.tracking.log_batch(call.tenant, request.run_id, tags={_HISTORY_TAG: told})
    return {}


def log_inputs(call: Call, request: asked.LogInputs) -> Shape:
    datasets = [
        entities.DatasetInput(
            name=one.dataset.name,
            digest=one.dataset.digest,
            source_type=one.dataset.source_type,
            source=one.dataset.source,
            schema=one.dataset.schema_,
            profile=one.dataset.profile,
            tags=tuple((tag.key, tag.value) for tag in one.tags),
        )
        for one in request.datasets
    ]
    models = [model.model_id for model in request.models]
    call.tracking.runs.log_inputs(call.tenant, request.run_id, datasets, models)
    return {}


def log_outputs(call: Call, request: asked.LogOutputs) -> Shape:
    models = [(model.model_id, model.step) for model in request.models]
    call.tracking.runs.log_outputs(call.tenant, request.run_id, models)
    return {}


def _log(
    call: Call,
    run_id: str,
    metrics: Sequence[asked.Metric] = (),
    params: Sequence[asked.Param] = (),
    tags: Sequence[asked.Tag] = (),
) -> Shape:
    points = [metric.point() for metric in metrics]
    values = {tag.key: limits.within("value", tag.value, limits.TAG_VALUE) for tag in tags}
    call.tracking.log_batch(
        call.tenant, run_id, metrics=points, params={param.key: param.value for param in params}, tags=values
    )
    call.tracking.models.log_points(call.tenant, run_id, points)
    return {}
