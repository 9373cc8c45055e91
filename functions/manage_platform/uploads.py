"""Uploads: a signed link for the file, and what became of it. Accepted data is a dataset version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listed, shown
from functions.manage_platform.signed_links import upload_link
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid, Reason, TooLarge
from sluice.domain.project import Project
from sluice.domain.tenants import project_folder
from sluice.domain.upload import Upload

CODE_LIMIT_MB = 50
_MEGABYTE = 1_000_000

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]


class RequestUpload(Body):
    """`size` in bytes: the link takes a body of exactly this size. `force`: train though nothing is new."""

    kind: Literal["data", "code"]
    filename: FileName
    size: int = Field(ge=0)
    force: bool = False


@dataclass(frozen=True, slots=True)
class UploadLink:
    """PUT the file to `url` with exactly these `headers` before `expires_seconds` are over."""

    upload_id: str
    url: str
    headers: dict[str, str]
    key: str
    expires_seconds: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset version: an object version with its digest."""

    upload_id: str
    ref: ArtefactRef
    status: str
    requested_by: str
    authenticated: bool
    created_at: str
    training_id: str | None = None


def request(call: Call, body: RequestUpload) -> Json:
    """A presigned PUT. The object's event finds the requester by the upload id in its metadata."""
    project = call.platform.projects.get(call.tenant, call.project)
    _check(project, body)
    upload_id = call.platform.records.new_id()
    key = f"{project_folder(call.tenant, project.name)}/{body.kind}/{body.filename}"
    link = upload_link(call, key, body.size, **{"sluice-upload": upload_id})
    call.platform.uploads.intend(
        call.tenant,
        project.name,
        upload_id,
        {
            "key": key,
            "kind": body.kind,
            "size": body.size,
            "principal": call.caller.principal,
            "correlation_id": call.correlation_id,
            "forced": body.force,
        },
    )
    call.record(project.name, "upload.request", f"upload:{upload_id}", key=key, size=body.size)
    return {"upload_id": upload_id, "key": key, **link}


def show(call: Call) -> Json:
    return shown(call.platform.uploads.get(call.tenant, call.project, call.path["upload_id"]))


def _dataset(upload: Upload) -> Json | None:
    if upload.kind != "data" or upload.ref is None:
        return None
    every = shown(upload)
    return {name: every[name] for name in Dataset.__dataclass_fields__}


def _check(project: Project, body: RequestUpload) -> None:
    limit = CODE_LIMIT_MB
    if body.kind == "data":
        limit = json.loads(project.document)["contract"]["size_limit_mb"]
    if body.size > limit * _MEGABYTE:
        found, expected = f"{body.size} bytes", f"at most {limit * _MEGABYTE} bytes"
        raise TooLarge(
            f"a {body.kind} file of this project has at most {limit} MB",
            [Reason("size", "over the project's size limit", found, expected)],
        )
    if body.kind == "code" and not body.filename.endswith(".zip"):
        raise Invalid(
            "code comes as a zip",
            [Reason("filename", "not a zip archive", body.filename, "a name ending in .zip")],
        )


ROUTES = (
    Route(
        "POST",
        "/projects/{project}/uploads",
        "upload.create",
        "A link to upload data or code to",
        accepting(RequestUpload, request),
        answer=UploadLink,
        body=RequestUpload,
        status=201,
    ),
    Route(
        "GET",
        "/projects/{project}/uploads",
        "upload.read",
        "Uploads, the newest first",
        listed("uploads", lambda platform: platform.uploads.page, Upload),
        answer=Upload,
        paged=True,
    ),
    Route(
        "GET",
        "/projects/{project}/uploads/{upload_id}",
        "upload.read",
        "What became of an upload",
        show,
        answer=Upload,
    ),
    Route(
        "GET",
        "/projects/{project}/datasets",
        "dataset.read",
        "Dataset versions, the newest first",
        listed("datasets", lambda platform: platform.uploads.page, Upload, _dataset),
        answer=Dataset,
        paged=True,
    ),
)
