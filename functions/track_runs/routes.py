"""Every address of this door: method, path below `/api/2.0/`, what it takes, who may, what answers.

`/ajax-api/2.0/` is the same table: MLflow's web UI calls it. `{model_id}` and `{tag_key}` are one part of a
path, `{path}` is the rest of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from functions.track_runs import (
    artifacts,
    experiments,
    interface,
    logged_models,
    metrics,
    model_requests,
    registered_models,
    requests,
    runs,
    versions,
)
from functions.track_runs.requests import Request

Takes = Literal["request", "path", "path+request", "query", "id+query", "nothing"]

_RUN_READ, _RUN_WRITE = "tracking.read", "tracking.write"
_MODEL_READ, _MODEL_WRITE = "registry.read", "registry.write"


@dataclass(frozen=True, slots=True)
class Route:
    """`takes` is what `function` is called with after the call itself."""

    methods: str
    path: str
    action: str
    function: Callable[..., Any]
    model: type[Request] | None = None
    takes: Takes = "request"


def _table(prefix: str, read: str, write: str, rows: tuple[Any, ...]) -> list[Route]:
    """Rows of (method, path, function, model); a method in small letters is a write."""
    return [
        Route(methods.upper(), prefix + path, write if methods.islower() else read, function, model)
        for methods, path, function, model in rows
    ]


_E, _R = requests, model_requests

ROUTES: tuple[Route, ...] = (
    *_table(
        "mlflow/experiments/",
        _RUN_READ,
        _RUN_WRITE,
        (
            ("post", "create", experiments.create, _E.CreateExperiment),
            ("GET", "get", experiments.get, _E.ByExperiment),
            ("GET", "get-by-name", experiments.get_by_name, _E.ByExperimentName),
            ("GET POST", "search", experiments.search, _E.SearchExperiments),
            ("post", "update", experiments.update, _E.UpdateExperiment),
            ("post", "delete", experiments.delete, _E.ByExperiment),
            ("post", "restore", experiments.restore, _E.ByExperiment),
            ("post", "set-experiment-tag", experiments.set_tag, _E.SetExperimentTag),
            ("post", "delete-experiment-tag", experiments.delete_tag, _E.ExperimentKey),
            ("POST", "search-datasets", runs.search_datasets, _E.SearchDatasets),
        ),
    ),
    *_table(
        "mlflow/runs/",
        _RUN_READ,
        _RUN_WRITE,
        (
            ("post", "create", runs.create, _E.CreateRun),
            ("GET", "get", runs.get, _E.ByRun),
            ("post", "update", runs.update, _E.UpdateRun),
            ("post", "delete", runs.delete, _E.ByRun),
            ("post", "restore", runs.restore, _E.ByRun),
            ("POST", "search", runs.search, _E.SearchRuns),
            ("post", "log-metric", runs.log_metric, _E.LogMetric),
            ("post", "log-parameter", runs.log_param, _E.LogParam),
            ("post", "log-batch", runs.log_batch, _E.LogBatch),
            ("post", "set-tag", runs.set_tag, _E.SetTag),
            ("post", "delete-tag", runs.delete_tag, _E.DeleteTag),
            ("post", "log-model", runs.log_model, _E.LogModel),
            ("post", "log-inputs", runs.log_inputs, _E.LogInputs),
            ("post", "outputs", runs.log_outputs, _E.LogOutputs),
        ),
    ),
    *_table(
        "mlflow/",
        _RUN_READ,
        _RUN_WRITE,
        (
            ("GET", "metrics/get-history", metrics.history, _E.MetricHistory),
            (
                "GET",
                "metrics/get-history-bulk-interval",
                metrics.history_interval,
                _E.MetricHistoryInterval,
            ),
            ("GET", "artifacts/list", artifacts.list_of_run, _E.ListArtifacts),
            ("post", "logged-models", logged_models.create, _R.CreateLoggedModel),
            ("POST", "logged-models/search", logged_models.search, _R.SearchLoggedModels),
            ("GET", "logged-models/{model_id}", logged_models.get, _R.ByLoggedModel),
            ("patch", "logged-models/{model_id}", logged_models.finalize, _R.FinalizeLoggedModel),
            ("delete", "logged-models/{model_id}", logged_models.delete, _R.ByLoggedModel),
            ("patch", "logged-models/{model_id}/tags", logged_models.set_tags, _R.LoggedModelTags),
            (
                "delete",
                "logged-models/{model_id}/tags/{tag_key}",
                logged_models.delete_tag,
                _R.LoggedModelTagKey,
            ),
            ("post", "logged-models/{model_id}/params", logged_models.log_params, _R.LoggedModelParams),
            (
                "GET",
                "logged-models/{model_id}/artifacts/directories",
                artifacts.list_of_logged_model,
                _R.LoggedModelArtifacts,
            ),
        ),
    ),
    Route(
        "GET",
        "mlflow/logged-models/{model_id}/artifacts/files",
        _RUN_READ,
        artifacts.get_of_logged_model,
        takes="id+query",
    ),
    *_table(
        "mlflow/registered-models/",
        _MODEL_READ,
        _MODEL_WRITE,
        (
            ("post", "create", registered_models.create, _R.CreateModel),
            ("GET", "get", registered_models.get, _R.ByModel),
            ("GET", "search", registered_models.search, _R.SearchModels),
            ("patch", "update", registered_models.update, _R.UpdateModel),
            ("delete", "delete", registered_models.delete, _R.ByModel),
            ("post", "rename", registered_models.rename, _R.RenameModel),
            ("post", "set-tag", registered_models.set_tag, _R.SetModelTag),
            ("delete", "delete-tag", registered_models.delete_tag, _R.ModelKey),
            ("GET", "alias", registered_models.get_by_alias, _R.ByAlias),
            ("post", "alias", registered_models.set_alias, _R.SetAlias),
            ("delete", "alias", registered_models.delete_alias, _R.ByAlias),
            ("GET POST", "get-latest-versions", registered_models.latest_versions, _R.LatestVersions),
        ),
    ),
    *_table(
        "mlflow/model-versions/",
        _MODEL_READ,
        _MODEL_WRITE,
        (
            ("post", "create", versions.create, _R.CreateVersion),
            ("GET", "get", versions.get, _R.ByVersion),
            ("GET", "search", versions.search, _R.SearchVersions),
            ("patch", "update", versions.update, _R.UpdateVersion),
            ("delete", "delete", versions.delete, _R.ByVersion),
            ("post", "set-tag", versions.set_tag, _R.SetVersionTag),
            ("delete", "delete-tag", versions.delete_tag, _R.VersionKey),
            ("GET", "get-download-uri", versions.download_uri, _R.ByVersion),
            ("post", "transition-stage", versions.transition, _R.TransitionStage),
        ),
    ),
    Route("GET", "mlflow-artifacts/artifacts", _RUN_READ, artifacts.list_proxied, takes="query"),
    Route("GET", "mlflow-artifacts/artifacts/{path}", _RUN_READ, artifacts.download, takes="path"),
    Route("PUT", "mlflow-artifacts/artifacts/{path}", _RUN_WRITE, artifacts.upload, takes="path"),
    Route("DELETE", "mlflow-artifacts/artifacts/{path}", _RUN_WRITE, artifacts.delete, takes="path"),
    Route("GET", "mlflow-artifacts/presigned/{path}", _RUN_READ, artifacts.presign, takes="path"),
    Route(
        "POST",
        "mlflow-artifacts/mpu/create/{path}",
        _RUN_WRITE,
        artifacts.begin_upload,
        _R.BeginUpload,
        "path+request",
    ),
    Route(
        "POST",
        "mlflow-artifacts/mpu/complete/{path}",
        _RUN_WRITE,
        artifacts.complete_upload,
        _R.CompleteUpload,
        "path+request",
    ),
    Route(
        "POST",
        "mlflow-artifacts/mpu/abort/{path}",
        _RUN_WRITE,
        artifacts.abort_upload,
        _R.AbortUpload,
        "path+request",
    ),
    Route("GET", "/get-artifact", _RUN_READ, artifacts.get_of_run, takes="query"),
    Route("GET", "/model-versions/get-artifact", _MODEL_READ, artifacts.get_of_version, takes="query"),
    Route("POST", "/graphql", _RUN_READ, interface.graphql, _E.GraphQuery),
    Route("GET POST", "mlflow/gateway-proxy", _RUN_READ, interface.no_gateway, takes="nothing"),
    Route("GET", "/version", _RUN_READ, interface.version, takes="nothing"),
    Route("GET", "/api/3.0/mlflow/server-info", _RUN_READ, interface.server_info, takes="nothing"),
    Route("GET", "/ajax-api/3.0/mlflow/server-info", _RUN_READ, interface.server_info, takes="nothing"),
)

_PREFIX = re.compile(r"^/(?:ajax-)?api/2\.0/")


def _pattern(path: str) -> re.Pattern[str]:
    rest = re.escape(path).replace(r"\{path\}", "(?P<path>.+)")
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", rest))


_PLAIN = {(method, one.path): one for one in ROUTES if "{" not in one.path for method in one.methods.split()}
_SHAPED = [
    (method, _pattern(one.path), one) for one in ROUTES if "{" in one.path for method in one.methods.split()
]


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of an address with the variable parts of its path; None where there is none."""
    below = _PREFIX.sub("", path, count=1)
    plain = _PLAIN.get((method, below.rstrip("/") or below))
    if plain:
        return plain, {}
    for known, pattern, route in _SHAPED:
        if known == method and (found := pattern.fullmatch(below)):
            return route, found.groupdict()
    return None
