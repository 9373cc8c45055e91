"""Every address of this door: method, path below `/api/2.0/`, what it takes, who may, what answers.

`/ajax-api/2.0/` is the same table: MLflow's web UI calls it. `{model_id}` and `{tag_key}` are one part of a
path, `{path}` is the rest of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from functions.track_runs import artifacts, experiments, interface, metrics, requests, runs
from functions.track_runs.requests import Request

Takes = Literal["request", "path", "path+request", "query", "id+query", "nothing"]

RUN_READ, RUN_WRITE = "tracking.read", "tracking.write"
MODEL_READ, MODEL_WRITE = "registry.read", "registry.write"


@dataclass(frozen=True, slots=True)
class Route:
    """`takes` is what `function` is called with after the call itself."""

    methods: str
    path: str
    action: str
    function: Callable[..., Any]
    model: type[Request] | None = None
    takes: Takes = "request"


def table(prefix: str, read: str, write: str, rows: tuple[Any, ...]) -> list[Route]:
    """Rows of (method, path, function, model); a method in small letters is a write."""
    return [
        Route(methods.upper(), prefix + path, write if methods.islower() else read, function, model)
        for methods, path, function, model in rows
    ]


_E = requests

_ROUTES: tuple[Route, ...] = (
    *table(
        "mlflow/experiments/",
        RUN_READ,
        RUN_WRITE,
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
    *table(
        "mlflow/runs/",
        RUN_READ,
        RUN_WRITE,
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
    *table(
        "mlflow/",
        RUN_READ,
        RUN_WRITE,
        (
            ("GET", "metrics/get-history", metrics.history, _E.MetricHistory),
            (
                "GET",
                "metrics/get-history-bulk-interval",
                metrics.history_interval,
                _E.MetricHistoryInterval,
            ),
            ("GET", "artifacts/list", artifacts.list_of_run, _E.ListArtifacts),
        ),
    ),
    Route("GET", "mlflow-artifacts/artifacts", RUN_READ, artifacts.list_proxied, takes="query"),
    Route("GET", "mlflow-artifacts/artifacts/{path}", RUN_READ, artifacts.download, takes="path"),
    Route("PUT", "mlflow-artifacts/artifacts/{path}", RUN_WRITE, artifacts.upload, takes="path"),
    Route("DELETE", "mlflow-artifacts/artifacts/{path}", RUN_WRITE, artifacts.delete, takes="path"),
    Route("GET", "mlflow-artifacts/presigned/{path}", RUN_READ, artifacts.presign, takes="path"),
    Route(
        "POST",
        "mlflow-artifacts/mpu/create/{path}",
        RUN_WRITE,
        artifacts.begin_upload,
        _E.BeginUpload,
        "path+request",
    ),
    Route(
        "POST",
        "mlflow-artifacts/mpu/complete/{path}",
        RUN_WRITE,
        artifacts.complete_upload,
        _E.CompleteUpload,
        "path+request",
    ),
    Route(
        "POST",
        "mlflow-artifacts/mpu/abort/{path}",
        RUN_WRITE,
        artifacts.abort_upload,
        _E.AbortUpload,
        "path+request",
    ),
    Route("GET", "/get-artifact", RUN_READ, artifacts.get_of_run, takes="query"),
    Route("GET", "/model-versions/get-artifact", MODEL_READ, artifacts.get_of_version, takes="query"),
    Route("POST", "/graphql", RUN_READ, interface.graphql, _E.GraphQuery),
    Route("GET POST", "mlflow/gateway-proxy", RUN_READ, interface.no_gateway, takes="nothing"),
    Route("GET", "/version", RUN_READ, interface.version, takes="nothing"),
    Route("GET", "/api/3.0/mlflow/server-info", RUN_READ, interface.server_info, takes="nothing"),
    Route("GET", "/ajax-api/3.0/mlflow/server-info", RUN_READ, interface.server_info, takes="nothing"),
)

_OF_MODELS = ("mlflow/registered-models/", "mlflow/model-versions/", "mlflow/logged-models")
_Table = tuple[dict[tuple[str, str], Route], list[tuple[str, re.Pattern[str], Route]]]
_PREFIX = re.compile(r"^/(?:ajax-)?api/2\.0/")


def _pattern(path: str) -> re.Pattern[str]:
    rest = re.escape(path).replace(r"\{path\}", "(?P<path>.+)")
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", rest))


@cache
def routes_of(models: bool) -> tuple[Route, ...]:
    """Those of registered and logged models, or the others: the former are loaded when first asked for."""
    if not models:
        return _ROUTES
    from functions.track_runs.model_routes import MODEL_ROUTES  # noqa: PLC0415 - a cold start is for runs

    return MODEL_ROUTES


@cache
def _table_of(models: bool) -> _Table:
    routes = [(method, one) for one in routes_of(models) for method in one.methods.split()]
    plain = {(method, one.path): one for method, one in routes if "{" not in one.path}
    return plain, [(method, _pattern(one.path), one) for method, one in routes if "{" in one.path]


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of an address with the variable parts of its path; None where there is none."""
    below = _PREFIX.sub("", path, count=1)
    plain, shaped = _table_of(below.startswith(_OF_MODELS))
    if found := plain.get((method, below.rstrip("/") or below)):
        return found, {}
    for known, pattern, route in shaped:
        if known == method and (parts := pattern.fullmatch(below)):
            return route, parts.groupdict()
    return None
