"""Registered models with versions, aliases, stages and tags; versions keep their numbers where they can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import urlsplit

from sluice.client.transfer.plan import PREFIX, VERSION, Plan, as_list, news, tags_of
from sluice.client.transfer.report import Outcome
from sluice.client.transfer.server import MlflowServer, there
from sluice.client.transport import Json

_PROJECT_TAG = "sluice.project"
"""Of this platform alone: it ties a model to a project."""


def source_models(server: MlflowServer, names: Iterable[str], *, everything: bool) -> list[Json]:
    if everything:
        return list(
            server.pages("registered-models/search", "registered_models", {"max_results": 100}, "GET")
        )
    return [server.ask("registered-models/get", name=name)["registered_model"] for name in names]


def versions_of(server: MlflowServer, name: str) -> list[Json]:
    """By number."""
    escaped = name.replace("'", "''")
    query = {"filter": f"name = '{escaped}'", "max_results": 1_000}
    found = server.pages("model-versions/search", "model_versions", query, "GET")
    return sorted(found, key=lambda one: int(one["version"]))


def copy_registered(plan: Plan, model: Json) -> None:
    label = f"registered model {model['name']}"
    plan.settle("registered models", label, partial(_registered, plan, model))


def _registered(plan: Plan, model: Json) -> Outcome:
    name, numbers = model["name"], dict[int, int]()
    kept = _model(plan, model)
    held = {tags_of(one)[VERSION]: one for one in versions_of(plan.target, name) if VERSION in tags_of(one)}
    versions = versions_of(plan.source, name)
    plan.report.watcher.expect("model versions", len(versions))
    for version in versions:
        number = str(version["version"])
        work = partial(_version, plan, name, version, held.get(number), numbers)
        plan.settle("model versions", f"version {number} of {name}", work)
    _aliases(plan, model, kept, numbers)
    return "unchanged" if kept else "created"


def _model(plan: Plan, model: Json) -> Json | None:
    """The model as it was on the target; None where it had to be made."""
    name = model["name"]
    tags = {key: value for key, value in tags_of(model).items() if key != _PROJECT_TAG}
    kept = there(lambda: plan.target.ask("registered-models/get", name=name)["registered_model"])
    if kept is None:
        body = {"name": name, "description": model.get("description", "")}
        plan.target.make(
            "registered-models/create",
            body,
            lambda: there(lambda: plan.target.ask("registered-models/get", name=name)),
        )
    elif model.get("description") and kept.get("description") != model["description"]:
        body = {"name": name, "description": model["description"]}
        plan.target.tell("registered-models/update", body, "PATCH")
    for key, value in news(tags, tags_of(kept or {})).items():
        plan.target.tell("registered-models/set-tag", {"name": name, "key": key, "value": value})
    return kept


def _version(plan: Plan, name: str, version: Json, held: Json | None, numbers: dict[int, int]) -> Outcome:
    """Puts the version's number on the target into `numbers`."""
    wanted = int(version["version"])
    if held is not None and int(held["version"]) < wanted:
        _delete(plan, name, int(held["version"]))  # of a transfer that was ended while it filled a gap
        held = None
    number = int(held["version"]) if held else _create(plan, name, version)
    changed = _same_state(plan, name, number, version, held)
    numbers[wanted] = number
    if number != wanted:
        plan.report.note(f"version {wanted} of {name} is number {number} there")
    return "created" if not held else "updated" if changed else "unchanged"


def _create(plan: Plan, name: str, version: Json) -> int:
    """Numbers of versions that were deleted on the source are used up, so that references stay right."""
    wanted = int(version["version"])
    source, run_id, model_id = _origin(plan, version)
    body = {
        "name": name,
        "source": source,
        "run_id": run_id,
        "model_id": model_id,
        "run_link": version.get("run_link", ""),
        "description": version.get("description", ""),
        "tags": as_list({VERSION: str(wanted)}),
    }

    def find() -> Json | None:
        found = (one for one in versions_of(plan.target, name) if tags_of(one).get(VERSION) == str(wanted))
        one = next(found, None)
        return {"model_version": one} if one else None

    while True:
        made = plan.target.make("model-versions/create", {k: v for k, v in body.items() if v}, find)
        number = int(made["model_version"]["version"])
        if number >= wanted:
            return number
        _delete(plan, name, number)


def _delete(plan: Plan, name: str, number: int) -> None:
    plan.target.tell("model-versions/delete", {"name": name, "version": str(number)}, "DELETE")


def _origin(plan: Plan, version: Json) -> tuple[str, str, str]:
    """(source, run id, model id) as they are on the target."""
    source, run_id = version.get("source", ""), version.get("run_id") or ""
    parts = urlsplit(source)
    first, _, rest = parts.path.strip("/").partition("/")
    model_id = version.get("model_id") or (first if parts.scheme == "models" else "")
    model, run = plan.models.get(model_id), plan.runs.get(run_id)
    if model:
        return f"models:/{model.target_id}", run.target_id if run else "", model.target_id
    if run and parts.scheme == "runs":
        return f"{run.target_uri}/{rest}", run.target_id, ""
    # Whatever the storage is called: Azure names the same run's by more than one address.
    _, below, rest = source.partition(f"/{run_id}/artifacts/")
    if run and (below or source == run.source_uri):
        return f"{run.target_uri}/{rest}".rstrip("/"), run.target_id, ""
    plan.report.note(f"version {version['version']} of {version['name']}: its files stay at {source}")
    return source, run.target_id if run else "", ""


def _same_state(plan: Plan, name: str, number: int, version: Json, held: Json | None) -> bool:
    """Description, tags and stage; gives whether anything had to be changed."""
    before, changed = held or {}, False
    body = {"name": name, "version": str(number)}
    if held and version.get("description") and held.get("description") != version["description"]:
        plan.target.tell("model-versions/update", body | {"description": version["description"]}, "PATCH")
        changed = True
    own = {key: value for key, value in tags_of(version).items() if not key.startswith(PREFIX)}
    for key, value in news(own, tags_of(before)).items():
        plan.target.tell("model-versions/set-tag", body | {"key": key, "value": value})
        changed = True
    stage = version.get("current_stage") or "None"
    if stage != (before.get("current_stage") or "None"):
        plan.target.tell(
            "model-versions/transition-stage", body | {"stage": stage, "archive_existing_versions": False}
        )
        changed = True
    return changed


def _aliases(plan: Plan, model: Json, kept: Json | None, numbers: dict[int, int]) -> None:
    there_now = dict(_alias_pairs(kept or {}))
    for alias, number in _alias_pairs(model):
        if number not in numbers or there_now.get(alias) == numbers[number]:
            continue
        body = {"name": model["name"], "alias": alias, "version": str(numbers[number])}
        with plan.without("the target has no aliases: they are left out"):
            plan.target.tell("registered-models/alias", body)


def _alias_pairs(model: Json) -> Iterator[tuple[str, int]]:
    for one in model.get("aliases") or ():
        yield str(one["alias"]), int(one["version"])
