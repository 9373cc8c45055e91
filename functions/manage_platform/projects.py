"""Projects: pushed as immutable versions of a project.yaml."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listing, shown
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid, Reason
from sluice.project.reasons import ProjectInvalid
from sluice.project.schema import ProjectSpec, canonical, digest, parse_project
from sluice.stores.items import Item
from sluice.web.permissions import require


class PushProject(Body):
    """A project.yaml as JSON. `name`: the project this is a version of, where the caller knows."""

    spec: dict[str, Any]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """`unchanged`: this very project.yaml was current already."""

    project: str
    version: int
    digest: str
    unchanged: bool


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    name: str
    version: int
    digest: str
    purpose: str
    owners: tuple[str, ...]
    created_by: str
    created_at: str
    updated_at: str
    code_digest: str | None = None


@dataclass(frozen=True)
class ProjectDetail(ProjectSummary):
    """`spec`: the current project.yaml; `dataset`: the last one that was accepted."""

    spec: dict[str, Any] | None = None
    dataset: ArtefactRef | None = None
    code: ArtefactRef | None = None


@dataclass(frozen=True, slots=True)
class VersionDetail:
    project: str
    version: int
    digest: str
    pushed_by: str
    created_at: str
    spec: dict[str, Any]


def push(call: Call, body: PushProject) -> Json:
    """Make the next version; the current one again changes nothing."""
    spec = _parsed(body.spec)
    _require_same_name(body.name, spec.name)
    require(call.caller, call.action, spec.name)
    wanted = digest(spec)
    before = call.platform.projects.find(call.tenant, spec.name)
    pushed = call.platform.projects.push(
        call.tenant,
        spec.name,
        digest=wanted,
        document=canonical(spec).decode(),
        owners=spec.owners,
        purpose=spec.purpose,
        by=call.caller.principal,
    )
    unchanged = before is not None and before.digest == wanted
    if not unchanged:
        call.record(spec.name, "project.push", f"project:{wanted}", version=pushed.version, digest=wanted)
    return {
        "project": spec.name,
        "version": pushed.version,
        "digest": pushed.digest,
        "unchanged": unchanged,
    }


def show(call: Call) -> Json:
    project = call.platform.projects.get(call.tenant, call.project)
    return {**shown(project, "document", "rev"), "spec": json.loads(project.document)}


def show_all(call: Call) -> Json:
    fetch = partial(call.platform.projects.page, call.tenant)

    def view(item: Item) -> Json | None:
        if not call.caller.sees(item["name"]):
            return None
        return {name: item.get(name) for name in ProjectSummary.__dataclass_fields__}

    return listing(call, "projects", fetch, view)


def show_version(call: Call) -> Json:
    version = call.platform.projects.version(call.tenant, call.project, call.number("version"))
    return {
        "project": version.name,
        **shown(version, "document", "name"),
        "spec": json.loads(version.document),
    }


def _parsed(document: dict[str, Any]) -> ProjectSpec:
    try:
        return parse_project(document)
    except ProjectInvalid as error:
        reasons = [Reason(each.path, each.message, each.value, each.expected) for each in error.reasons]
        raise Invalid("this project.yaml has mistakes", reasons) from error


def _require_same_name(known: str | None, named: str) -> None:
    if known is not None and known != named:
        reason = Reason("name", "a project's name is part of its addresses and never changes", named, known)
        raise Invalid("a project cannot be renamed", [reason])


ROUTES = (
    Route(
        "POST",
        "/projects",
        "project.push",
        "Push a version of a project.yaml",
        accepting(PushProject, push),
        answer=Pushed,
        body=PushProject,
        status=201,
    ),
    Route(
        "GET", "/projects", "project.read", "Projects by name", show_all, answer=ProjectSummary, paged=True
    ),
    Route("GET", "/projects/{project}", "project.read", "A project as it is now", show, answer=ProjectDetail),
    Route(
        "GET",
        "/projects/{project}/versions/{version}",
        "project.read",
        "One push of a project",
        show_version,
        answer=VersionDetail,
    ),
)
