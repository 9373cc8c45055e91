"""What MLflow's web UI asks for beside the protocol: GraphQL, version, server information."""

from __future__ import annotations

import json
from typing import Any

from functions.track_runs import experiments, metrics, requests, runs, shapes
from functions.track_runs.call import Call
from functions.track_runs.shapes import Shape
from sluice.domain.errors import Invalid, NotFound

SPOKEN = "3.17.2"
"""The release of MLflow whose protocol this is."""


def version(_call: Call) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": SPOKEN}


def no_gateway(_call: Call) -> Shape:
    """As MLflow's own server answers where it knows no gateway to language models."""
    return {"endpoints": []}


def server_info(_call: Call) -> Shape:
    """From 3.18 on, clients then move every artifact by presigned links; the web UI hides the gateway."""
    return {
        "features_enabled": {"gateway": False},
        "store_type": "SqlStore",
        "workspaces_enabled": False,
        "trace_archival_enabled": False,
        "multipart_uploads_enabled": True,
        "multipart_downloads_enabled": True,
        "artifacts_presigned_only": True,
    }


def graphql(call: Call, request: requests.GraphQuery) -> Shape:
    """The web UI's operations, by name: it asks for no others, so no query is ever interpreted."""
    operation = _OPERATIONS.get(request.operationName)
    if operation is None:
        raise Invalid(f"GraphQL operation {request.operationName[:100]!r} is not one of the web UI's")
    (name, told), *_ = operation(call, asked_of_graph(request)).items()
    return {"data": {name: {**told, "__typename": f"M{name[1:]}Response"}}}


def asked_of_graph(request: requests.GraphQuery) -> dict[str, Any]:
    """The fields of an operation's one argument, named as the protocol names them."""
    given = request.variables.get("data") or request.variables.get("input") or request.variables
    if not isinstance(given, dict):
        raise Invalid("GraphQL variables must be an object")
    return {_snake(name): value for name, value in given.items() if value is not None}


def _get_run(call: Call, given: dict[str, Any]) -> Shape:
    wanted = requests.ByRun.model_validate(given)
    try:
        run = runs.get(call, wanted)["run"]
    except NotFound as missing:
        return {
            "mlflowGetRun": {"apiError": _error(missing), "run": None, "__typename": "MlflowGetRunResponse"}
        }
    experiment = call.tracking.experiments.get(call.tenant, run["info"]["experiment_id"])
    run["experiment"] = shapes.experiment(experiment)
    run["model_versions"] = [shapes.version(one) for one in _versions_of(call, wanted.run_id)]
    return {"mlflowGetRun": {"apiError": None, "run": _camel(_for_graph(run), "run")}}


def _get_experiment(call: Call, given: dict[str, Any]) -> Shape:
    wanted = requests.ByExperiment.model_validate(given)
    try:
        found = experiments.get(call, wanted)["experiment"]
    except NotFound as missing:
        return {"mlflowGetExperiment": {"apiError": _error(missing), "experiment": None}}
    return {
        "mlflowGetExperiment": {
            "apiError": None,
            "experiment": _camel({**found, "effective_trace_archival_retention": None}, "experiment"),
        }
    }


def _search_runs(call: Call, given: dict[str, Any]) -> Shape:
    wanted = requests.SearchRuns.model_validate(given)
    found = json.loads(runs.search(call, wanted))
    found["runs"] = [_for_graph(run) for run in found["runs"]]
    return {"mlflowSearchRuns": {"apiError": None, "nextPageToken": None, **_camel(found)}}


def _metric_interval(call: Call, given: dict[str, Any]) -> Shape:
    wanted = requests.MetricHistoryInterval.model_validate(given)
    found = metrics.history_interval(call, wanted)
    for metric in found["metrics"]:
        metric["value"] = _finite(metric["value"])
    return {"mlflowGetMetricHistoryBulkInterval": {"apiError": None, **_camel(found)}}


_TYPES = {
    "run": "MlflowRunExtension",
    "runs": "MlflowRunExtension",
    "info": "MlflowRunInfo",
    "data": "MlflowRunData",
    "experiment": "MlflowExperiment",
    "model_versions": "MlflowModelVersion",
    "metrics": "MlflowMetricExtension",
    "params": "MlflowParam",
    "tags": "MlflowRunTag",
    "inputs": "MlflowRunInputs",
    "dataset_inputs": "MlflowDatasetInput",
    "dataset": "MlflowDataset",
    "model_inputs": "MlflowModelInput",
    "outputs": "MlflowRunOutputs",
    "model_outputs": "MlflowModelOutput",
}
_OPERATIONS = {
    "GetRun": _get_run,
    "MlflowGetExperimentQuery": _get_experiment,
    "SearchRuns": _search_runs,
    "GetMetricHistoryBulkInterval": _metric_interval,
}


def _versions_of(call: Call, run_id: str) -> list[Any]:
    by_uid = {model.uid: model for model in call.tracking.registry.all(call.tenant)}
    return [
        call.tracking.versions.get(call.tenant, by_uid[uid].name, number, model=by_uid[uid])
        for uid, number in call.tracking.versions.of_run(call.tenant, run_id)
        if uid in by_uid
    ]


def _for_graph(run: Shape) -> Shape:
    """GraphQL has no NaN: such values are null there. Lists that are empty are there."""
    for metric in run["data"]["metrics"]:
        metric["value"] = _finite(metric["value"])
    run.setdefault("experiment", None)
    run.setdefault("model_versions", [])
    run.setdefault("outputs", {"model_outputs": []})
    run["info"].setdefault("end_time", None)
    return run


def _finite(value: float | str) -> float | None:
    return None if isinstance(value, str) else value


def _error(missing: NotFound) -> Shape:
    return {"code": "RESOURCE_DOES_NOT_EXIST", "message": str(missing), "helpUrl": None}


def _camel(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    """JSON as GraphQL has it: names in camel case, long numbers as texts, each object with its type."""
    if isinstance(value, dict):
        told = {_camel_name(inner): _camel(each, inner) for inner, each in value.items()}
        return {**told, "__typename": _TYPES[name]} if name in _TYPES else told
    if isinstance(value, list):
        return [_camel(inner, name) for inner in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
