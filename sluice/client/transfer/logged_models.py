"""Logged models of an experiment: made after the runs they come from, before what refers to them."""

from __future__ import annotations

from functools import partial

from sluice.client.transfer.files import copy_files
from sluice.client.transfer.plan import MODEL, PREFIX, STATE, Known, Plan, as_list, known_by, pairs, tags_of
from sluice.client.transfer.report import Outcome
from sluice.client.transfer.runs import point_of
from sluice.client.transfer.server import MlflowServer, batches
from sluice.client.transport import Json

_TOLD = "mlflow.modelVersions"
"""A tag that a server writes itself when a version is made."""


def copy_models(plan: Plan, source_experiment: str, target_experiment: str, only: set[str] | None) -> None:
    """Every active logged model with params, tags, metrics, files and status."""
    found, held = list[Json](), dict[str, Json]()
    with plan.without("one of the servers has no logged models: they are left out"):
        wanted = [
            model
            for model in _models(plan.source, source_experiment)
            if only is None or model["info"].get("source_run_id") in only or model["info"]["model_id"] in only
        ]
        for one in _models(plan.target, target_experiment) if wanted else ():
            held[tags_of(one["info"]).get(MODEL, "")] = one
        found = wanted
    plan.report.watcher.expect("logged models", len(found))

    def bring(model: Json) -> None:
        work = partial(_bring, plan, target_experiment, held, model)
        plan.settle("logged models", f"logged model {model['info']['model_id']}", work)

    for _ in plan.pool.map(bring, found):
        pass


def _bring(plan: Plan, experiment_id: str, held: dict[str, Json], model: Json) -> Outcome:
    source_id = model["info"]["model_id"]
    there = held.get(source_id)
    made = there or _create(plan, experiment_id, model)
    refers = [model["info"].get("source_run_id", "")]
    known = plan.models[source_id] = known_by("model_id", model, made, there, refers)
    if not plan.needs_copy(known):
        return "unchanged"
    _copy(plan, known, model)
    return "created" if known.fresh else "updated"


def _create(plan: Plan, experiment_id: str, model: Json) -> Json:
    info = model["info"]
    body = {
        "experiment_id": experiment_id,
        "name": info.get("name", ""),
        "model_type": info.get("model_type", ""),
        "source_run_id": plan.run_id(info.get("source_run_id", "")),
        "tags": as_list({MODEL: info["model_id"]}),
    }

    def find() -> Json | None:
        found = (
            one
            for one in _models(plan.target, experiment_id)
            if tags_of(one["info"]).get(MODEL) == info["model_id"]
        )
        one = next(found, None)
        return {"model": one} if one else None

    made: Json = plan.target.make("logged-models", body, find)["model"]
    return made


def _copy(plan: Plan, known: Known, model: Json) -> None:
    info, data = model["info"], model.get("data") or {}
    where = f"logged-models/{known.target_id}"
    for batch in batches(as_list(pairs(data.get("params"))), 100):
        plan.target.tell(f"{where}/params", {"params": batch})
    tags = {key: value for key, value in tags_of(info).items() if key != _TOLD and not key.startswith(PREFIX)}
    for batch in batches(as_list(tags), 100):
        plan.target.tell(f"{where}/tags", {"tags": batch}, "PATCH")
    for metric in data.get("metrics") or ():
        if run_id := plan.run_id(metric.get("run_id", "")):
            measured = point_of(metric) | {"model_id": known.target_id}
            measured |= {
                name: metric[name] for name in ("dataset_name", "dataset_digest") if metric.get(name)
            }
            plan.target.tell("runs/log-batch", {"run_id": run_id, "metrics": [measured]})
    copy_files(plan, known, "model", f"logged models of experiment {info['experiment_id']}")
    if info["status"] in {"LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"}:
        plan.target.tell(where, {"model_id": known.target_id, "status": info["status"]}, "PATCH")
    plan.target.tell(f"{where}/tags", {"tags": as_list({STATE: plan.state_of(known)})}, "PATCH")


def _models(server: MlflowServer, experiment_id: str) -> list[Json]:
    asked = {"experiment_ids": [experiment_id], "max_results": 50}
    return list(server.pages("logged-models/search", "models", asked))
