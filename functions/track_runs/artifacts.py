"""Artifact files behind the door: small ones pass through, large ones by a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from functions.track_runs import requests as asked
from functions.track_runs import shapes
from functions.track_runs.call import Call, binary
from functions.track_runs.shapes import Shape
from sluice.domain.errors import TooLarge
from sluice.domain.tracking import limits
from sluice.domain.tracking.paths import path_of_uri, safe_path
from sluice.stores.tracking.artifacts import FileInfo
from sluice.web.browser import SANDBOX
from sluice.web.limits import MAX_BINARY_BYTES

if TYPE_CHECKING:
    from functions.track_runs.model_requests import LoggedModelArtifacts

_PASSED_THROUGH = 1_000_000
_ROOT = ""

TOO_LARGE = (
    "Uploads over 4.5 MB do not pass through this server. Set MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD=true and "
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=4000000 (bytes) and log the file again, use a client from "
    "3.18, or an experiment whose artifact location is an s3:// address of your own."
)


def download(call: Call, path: str) -> dict[str, Any]:
    """The file, or (over 1 MB) a redirect to its link."""
    return _file(call, safe_path(path))


def upload(call: Call, path: str) -> Shape:
    if len(call.body) > MAX_BINARY_BYTES:
        raise TooLarge(TOO_LARGE)
    call.files().write(call.tenant, safe_path(path), call.body)
    return {}


def list_proxied(call: Call, path: str) -> Shape:
    """The names directly below a folder of the tenant's root."""
    found = call.files().list(call.tenant, safe_path(path) if path else _ROOT)
    return shapes.files("", found)


def delete(call: Call, path: str) -> Shape:
    call.files().delete(call.tenant, safe_path(path))
    return {}


def presign(call: Call, path: str) -> Shape:
    """A link to download by, good for fifteen minutes."""
    size = call.files().size(call.tenant, safe_path(path))
    return {"url": call.files().link(call.tenant, path), "headers": {}, "file_size": size}


def begin_upload(call: Call, path: str, request: asked.BeginUpload) -> Shape:
    upload_id, links = call.files().begin_upload(call.tenant, _target(path, request.path), request.num_parts)
    credentials = [
        {"url": link, "part_number": number, "headers": {}} for number, link in enumerate(links, start=1)
    ]
    return {"upload_id": upload_id, "credentials": credentials}


def complete_upload(call: Call, path: str, request: asked.CompleteUpload) -> Shape:
    parts = [(part.part_number, part.etag) for part in request.parts]
    call.files().complete_upload(call.tenant, _target(path, request.path), request.upload_id, parts)
    return {}


def abort_upload(call: Call, path: str, request: asked.AbortUpload) -> Shape:
    call.files().abort_upload(call.tenant, _target(path, request.path), request.upload_id)
    return {}


def list_of_run(call: Call, request: asked.ListArtifacts) -> Shape:
    """What the web UI lists: paths from the run's root."""
    return _listed(call, call.tracking.runs.get(call.tenant, request.run_id).artifact_uri, request.path)


def list_of_logged_model(call: Call, request: LoggedModelArtifacts) -> Shape:
    root = call.tracking.models.get(call.tenant, request.model_id).artifact_uri
    return _listed(call, root, request.artifact_directory_path)


def get_of_run(call: Call, query: Mapping[str, str]) -> dict[str, Any]:
    """GET /get-artifact, for the web UI: a file of a run."""
    run_id = query.get("run_id") or query.get("run_uuid") or ""
    root = call.tracking.runs.get(call.tenant, run_id).artifact_uri
    return _below(call, root, query.get("path", ""))


def get_of_version(call: Call, query: Mapping[str, str]) -> dict[str, Any]:
    """GET /model-versions/get-artifact, for the web UI: a file of a model version."""
    found = call.tracking.versions.get(
        call.tenant, query.get("name", ""), limits.read_version(query.get("version", ""))
    )
    return _below(call, call.tracking.artifact_uri_of(call.tenant, found.source), query.get("path", ""))


def get_of_logged_model(call: Call, model_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """GET …/logged-models/{id}/artifacts/files, for the web UI."""
    root = call.tracking.models.get(call.tenant, model_id).artifact_uri
    return _below(call, root, query.get("artifact_file_path", ""))


def _below(call: Call, root: str, path: str) -> dict[str, Any]:
    base = path_of_uri(root, call.files().bucket, call.tenant)
    return _file(call, f"{base}/{safe_path(path)}", most=MAX_BINARY_BYTES)


def _file(call: Call, path: str, *, most: int = _PASSED_THROUGH) -> dict[str, Any]:
    """The file up to so many bytes, else its link: a page that follows it needs the bucket's CORS rule."""
    content = call.files().read(call.tenant, path, most=most)
    if content.body is None:
        return {"statusCode": 302, "headers": {"location": content.link}, "body": ""}
    name = quote(path.rsplit("/", 1)[-1])
    return binary(
        content.body,
        {
            "content-type": content.content_type,
            # A browser must not run what somebody logged: it is saved; were it shown, then without script.
            "content-disposition": f"attachment; filename*=UTF-8''{name}",
            "content-security-policy": SANDBOX,
            "x-content-type-options": "nosniff",
        },
    )


def _listed(call: Call, root: str, path: str) -> Shape:
    base = path_of_uri(root, call.files().bucket, call.tenant)
    below = safe_path(path.strip("/")) if path.strip("/") else ""
    found = call.files().list(call.tenant, f"{base}/{below}".rstrip("/"))
    prefix = f"{below}/" if below else ""
    return shapes.files(root, [FileInfo(prefix + one.path, one.size) for one in found])


def _target(folder: str, local: str) -> str:
    """Where a multipart upload goes: the folder of the address, the name of the client's local file."""
    name = local.replace("\\", "/").rsplit("/", 1)[-1]
    return safe_path(f"{folder}/{name}" if folder else name)
