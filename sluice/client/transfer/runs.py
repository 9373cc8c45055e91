"""Runs: made first, so that every reference has something to point at; then filled."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial

from sluice.client.errors import Refused
from sluice.client.transfer.files import copy_files
from sluice.client.transfer.plan import (
    FROM,
    PARENT,
    PREFIX,
    RUN,
    STATE,
    Known,
    Plan,
    as_list,
    known_by,
    news,
    pairs,
    tags_of,
)
from sluice.client.transfer.report import Outcome
from sluice.client.transfer.server import MlflowServer, batches
from sluice.client.transport import Json

_HISTORY_TAG = "mlflow.log-model.history"
_PAGE = 1_000


def make_runs(plan: Plan, source_experiment: str, target_experiment: str, only: set[str] | None) -> None:
    """A run on the target for each of the experiment's active ones: a new one, or an earlier transfer's."""
    held = {tags_of(run["data"]).get(RUN, ""): run for run in _runs(plan.target, target_experiment, "ALL")}

    def make(run: Json) -> None:
        source_id = run["info"]["run_id"]
        found = held.get(source_id)
        made = found or _create(plan, run, target_experiment)
        refers = [tags_of(run["data"]).get(PARENT, ""), *_models_of(run)]
        plan.runs[source_id] = known_by("run_id", run, made, found, refers)

    wanted = (
        run
        for run in _runs(plan.source, source_experiment, "ACTIVE_ONLY")
        if only is None or run["info"]["run_id"] in only
    )
    for _ in plan.pool.map(make, wanted):
        plan.report.watcher.expect("runs", 1)


def fill_runs(plan: Plan) -> None:
    def fill(known: Known) -> None:
        plan.settle("runs", f"run {known.source_id}", partial(_fill, plan, known))

    for _ in plan.pool.map(fill, plan.runs.values()):
        pass


def _fill(plan: Plan, known: Known) -> Outcome:
    if known.gone:
        plan.report.note(f"run {known.source_id} was deleted on the target: it is left so")
    if not plan.needs_copy(known):
        return "unchanged"
    _copy(plan, known)
    return "created" if known.fresh else "updated"


def _create(plan: Plan, run: Json, experiment_id: str) -> Json:
    info = run["info"]
    source_id = info["run_id"]
    body = {
        "experiment_id": experiment_id,
        "user_id": info.get("user_id", ""),
        "run_name": info.get("run_name", ""),
        "start_time": int(info.get("start_time") or 0),
        "tags": as_list({RUN: source_id, FROM: plan.source.url}),
    }

    def find() -> Json | None:
        asked = {"filter": f"tags.`{RUN}` = '{source_id}'", "experiment_ids": [experiment_id]}
        found = next(plan.target.pages("runs/search", "runs", asked), None)
        return {"run": found} if found else None

    made: Json = plan.target.make("runs/create", body, find)["run"]
    return made


def _copy(plan: Plan, known: Known) -> None:
    run = plan.source.ask("runs/get", run_id=known.source_id)["run"]
    state = plan.state_of(known)
    held = {} if known.fresh else plan.target.ask("runs/get", run_id=known.target_id)["run"]
    data, before = run["data"], held.get("data", {})
    _log(plan, known, "params", as_list(news(pairs(data.get("params")), pairs(before.get("params")))), 100)
    _log(plan, known, "tags", as_list(news(_rewritten(plan, known, data), tags_of(before))), 100)
    for key in sorted({str(metric["key"]) for metric in data.get("metrics", ())}):
        points = _history(plan.source, known.source_id, key)
        if held:
            there = {_identity(point) for point in _history(plan.target, known.target_id, key)}
            points = [point for point in points if _identity(point) not in there]
        _log(plan, known, "metrics", points, 1_000)
    _inputs(plan, known, run, held)
    copy_files(plan, known, "run", f"experiment {run['info']['experiment_id']}")
    if run["info"]["status"] != "RUNNING":
        ended = {"run_id": known.target_id, "status": run["info"]["status"]}
        if run["info"].get("end_time"):
            ended["end_time"] = int(run["info"]["end_time"])
        plan.target.tell("runs/update", ended)
    _log(plan, known, "tags", as_list({STATE: state}), 100)


def _log(plan: Plan, known: Known, what: str, entries: list[Json], most: int) -> None:
    for batch in batches(entries, most):
        plan.target.tell("runs/log-batch", {"run_id": known.target_id, what: batch})


def _history(server: MlflowServer, run_id: str, key: str) -> list[Json]:
    query = {"run_id": run_id, "metric_key": key, "max_results": 25_000}
    try:
        return [point_of(one) for one in server.pages("metrics/get-history", "metrics", query, "GET")]
    except Refused as refused:
        if refused.problem.status == 404:  # noqa: PLR2004 - some servers: the metric is not there
            return []
        raise


def point_of(metric: Json) -> Json:
    """A metric as it is sent: what is no number as text, as JSON has it."""
    value = metric["value"]
    if isinstance(value, float) and not math.isfinite(value):
        value = "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return {
        "key": metric["key"],
        "value": value,
        "timestamp": int(metric["timestamp"]),
        "step": int(metric.get("step") or 0),
    }


def _identity(point: Json) -> tuple[int, int, str]:
    value = point["value"]
    return point["timestamp"], point["step"], value if isinstance(value, str) else repr(float(value))


def _rewritten(plan: Plan, known: Known, data: Json) -> dict[str, str]:
    """Tags, with the ids in them that are others now."""
    tags = {key: value for key, value in tags_of(data).items() if not key.startswith(PREFIX)}
    if PARENT in tags:
        parent = plan.run_id(tags[PARENT])
        if not parent:
            plan.report.note(f"run {known.source_id}: its parent {tags[PARENT]} is not copied")
        tags[PARENT] = parent or tags[PARENT]
    if _HISTORY_TAG in tags:
        tags[_HISTORY_TAG] = tags[_HISTORY_TAG].replace(known.source_id, known.target_id)
    return tags


def _inputs(plan: Plan, known: Known, run: Json, held: Json) -> None:
    there = {(one["dataset"]["name"], one["dataset"]["digest"]) for one in _datasets(held)}
    new = [one for one in _datasets(run) if (one["dataset"]["name"], one["dataset"]["digest"]) not in there]
    read = [
        {"model_id": found}
        for one in _listed(run, "inputs", "model_inputs")
        if (found := plan.model_id(one["model_id"]))
    ]
    made = [
        {"model_id": found, "step": int(one.get("step") or 0)}
        for one in _listed(run, "outputs", "model_outputs")
        if (found := plan.model_id(one["model_id"]))
    ]
    for path, body in (
        ("runs/log-inputs", {"datasets": new, "models": read}),
        ("runs/outputs", {"models": made}),
    ):
        if any(body.values()):
            with plan.without(f"the target knows no {path}: dataset inputs and model outputs are left out"):
                plan.target.tell(path, {"run_id": known.target_id, **body})


def _datasets(run: Json) -> list[Json]:
    return _listed(run, "inputs", "dataset_inputs")


def _models_of(run: Json) -> Iterable[str]:
    for section, name in (("inputs", "model_inputs"), ("outputs", "model_outputs")):
        yield from (str(one["model_id"]) for one in _listed(run, section, name))


def _listed(run: Json, section: str, name: str) -> list[Json]:
    found: list[Json] = (run.get(section) or {}).get(name) or []
    return found


def _runs(server: MlflowServer, experiment_id: str, view: str) -> Iterable[Json]:
    asked = {"experiment_ids": [experiment_id], "run_view_type": view, "max_results": _PAGE}
    for run in server.pages("runs/search", "runs", asked):
        run["data"] = run.get("data") or {}
        yield run
