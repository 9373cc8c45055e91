"""The whole way: experiments, their runs and logged models, then the registry."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sluice.client.errors import Problem, Refused
from sluice.client.transfer.logged_models import copy_models
from sluice.client.transfer.plan import Plan, Selection, news, tags_of
from sluice.client.transfer.registry import copy_registered, source_models, versions_of
from sluice.client.transfer.report import Report, Watcher
from sluice.client.transfer.runs import fill_runs, make_runs
from sluice.client.transfer.server import MlflowServer, there
from sluice.client.transport import Json

_AT_ONCE = 4


def transfer(
    source: MlflowServer,
    target: MlflowServer,
    selection: Selection,
    watcher: Watcher,
    *,
    verify: bool = True,
    deep: bool = False,
) -> Report:
    """Copy what is selected; again it copies what is new. NotReachable ends it: start it again.

    Left alone are deleted things, and what no request can set: when experiments, models and versions were
    made.
    """
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(_AT_ONCE) as pool:
        plan = Plan(source, target, Report(watcher), Path(scratch), pool, verify, deep)
        registered: list[Json] = []
        with plan.without("the source has no model registry: registered models are left out"):
            registered = source_models(source, selection.models, everything=selection.everything)
        needed = _needed(plan, selection, registered)
        pairs = [(one, _experiment(plan, one), only) for one, only in _experiments(plan, selection, needed)]
        for experiment, made, only in pairs:
            make_runs(plan, experiment["experiment_id"], made, only)
        for experiment, made, only in pairs:
            copy_models(plan, experiment["experiment_id"], made, only)
        fill_runs(plan)
        plan.report.watcher.expect("registered models", len(registered))
        for model in registered:
            copy_registered(plan, model)
        return plan.report


def _needed(plan: Plan, selection: Selection, registered: list[Json]) -> dict[str, set[str]]:
    """Experiment id -> the runs and logged models that selected versions were made from."""
    needed: dict[str, set[str]] = {}
    for model in () if selection.everything else registered:
        for version in versions_of(plan.source, model["name"]):
            run_id, model_id = version.get("run_id") or "", version.get("model_id") or ""
            run = there(partial(plan.source.ask, "runs/get", run_id=run_id)) if run_id else None
            if run:
                found = needed.setdefault(run["run"]["info"]["experiment_id"], set())
                found |= {run_id, model_id}
    return needed


def _experiments(
    plan: Plan, selection: Selection, needed: dict[str, set[str]]
) -> Iterator[tuple[Json, set[str] | None]]:
    """The experiments, with the ids to which they are narrowed (None: all of it)."""
    missing = set(selection.experiments)
    asked = {"max_results": 1_000, "view_type": "ACTIVE_ONLY"}
    for experiment in plan.source.pages("experiments/search", "experiments", asked):
        missing.discard(experiment["name"])
        if selection.everything or experiment["name"] in selection.experiments:
            yield experiment, None
        elif experiment["experiment_id"] in needed:
            yield experiment, needed[experiment["experiment_id"]]
    if missing:
        raise Refused(Problem(404, "not there", f"the source has no active experiment {min(missing)!r}"))


def _experiment(plan: Plan, experiment: Json) -> str:
    """The id of the target's experiment of that name, with the same tags."""
    name = experiment["name"]
    plan.report.watcher.expect("experiments", 1)

    def find() -> Json | None:
        return there(lambda: plan.target.ask("experiments/get-by-name", experiment_name=name)["experiment"])

    found = find()
    if found and found.get("lifecycle_stage") == "deleted":
        raise Refused(Problem(409, "in the way", f"the target has a deleted experiment {name!r}: restore it"))
    made = (found or plan.target.make("experiments/create", {"name": name}, find))["experiment_id"]
    changed = news(tags_of(experiment), tags_of(found or {}))
    for key, value in changed.items():
        body = {"experiment_id": made, "key": key, "value": value}
        plan.target.tell("experiments/set-experiment-tag", body)
    plan.report.settle("experiments", "created" if found is None else "updated" if changed else "unchanged")
    return str(made)
