"""Scoring that takes its time: a file as a whole (a batch), or one request too large for the door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.callback import Delivery
from sluice.domain.errors import Reason
from sluice.domain.tenants import project_folder
from sluice.domain.upload import FOLDER, NAME, tenant_of

Kind = Literal["batch", "request"]
Form = Literal["csv", "ndjson", "parquet", "open_inference", "mlflow", "plain"]
Status = Literal["waiting", "running", "succeeded", "rejected", "failed", "cancelled"]

OPEN: tuple[Status, ...] = ("waiting", "running")
SUFFIXES: Mapping[str, Form] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
}
REQUEST_BYTES = 32 << 20
"""Of one large request's body, and of its answer: more is a batch."""
PART_BYTES = 32 << 20
MAXIMUM_PARTS = 8_000
"""A Distributed Map has at most 10,000 children: parts of very large files are larger."""

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ADDRESS = re.compile(FOLDER + rf"/batch/(?P<environment>[^/]+)/in/(?:(?P<batch_id>{_ID})/)?(?P<file>[^/]+)")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What answers: chosen once, so that a whole batch has one model. `artefacts`: model and manifest."""

    version: int
    digest: str
    variant: str
    revision: int
    promotion_id: str
    artefacts: Mapping[str, ArtefactRef]


@dataclass(frozen=True, slots=True)
class Batch:
    """`key` and `version_id` name the object that is scored; `columns` is a CSV file's header.

    `parts` and `rows` are known once it is planned, `scored` and `failed` (rows) once it has ended.
    `door` is what a request was sent with: path and content type, and where its JSON ends. Whoever waits at
    `callback` is told of the end; `delivery` says how far that is.
    """

    batch_id: str
    kind: Kind
    project: str
    environment: str
    form: Form
    key: str
    requested_by: str
    authenticated: bool
    correlation_id: str
    status: Status = "waiting"
    version_id: str | None = None
    etag: str | None = None
    size: int = 0
    part_bytes: int = PART_BYTES
    model: ServedModel | None = None
    id_column: str | None = None
    columns: tuple[str, ...] = ()
    door: Mapping[str, str] = field(default_factory=dict)
    callback: str | None = None
    delivery: Delivery | None = None
    attempt: int = 0
    planned_bytes: int = 0
    parts: int | None = None
    rows: int | None = None
    scored: int | None = None
    failed: int | None = None
    manifest: ArtefactRef | None = None
    reasons: tuple[Reason, ...] = ()
    error: str | None = None
    created_at: str = ""
    updated_at: str = ""
    ended_at: str | None = None
    rev: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A part that was scored: rows with an answer, rows without, and the objects that hold them."""

    part: int
    scored: int
    failed: int
    results: tuple[ArtefactRef, ...]
    failures: tuple[ArtefactRef, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a file to score lies; with `batch_id` when its link was asked for."""

    tenant: str
    project: str
    environment: str
    file: str
    batch_id: str | None = None


def address_of(key: str) -> Address | None:
    """The parsed object key, or None where no file to score belongs."""
    found = _ADDRESS.fullmatch(key)
    tenant = tenant_of(found) if found else None
    if not found or tenant is None or not NAME.fullmatch(found["environment"]):
        return None
    return Address(tenant, found["project"], found["environment"], found["file"], found["batch_id"])


def form_of(file: str) -> Form | None:
    """By the file's name; None for what cannot be scored."""
    return next((form for suffix, form in SUFFIXES.items() if file.endswith(suffix)), None)


def source_key(tenant: str, project: str, environment: str, batch_id: str, file: str) -> str:
    return f"{project_folder(tenant, project)}/batch/{environment}/in/{batch_id}/{file}"


def outcome_key(tenant: str, project: str, environment: str, file: str) -> str:
    """Where whoever dropped a file finds out what became of it."""
    return f"{project_folder(tenant, project)}/batch/{environment}/out/{file}.json"


def derived_key(tenant: str, project: str, batch_id: str, name: str) -> str:
    """Where a batch keeps what it makes; nothing reacts to it."""
    return f"{project_folder(tenant, project)}/derived/batch/{batch_id}/{name}"


def part_size(wanted: int, size: int) -> int:
    """Bytes of a part, so that there are not too many."""
    return max(wanted, -(-size // MAXIMUM_PARTS))
