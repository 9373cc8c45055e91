"""Batches: a link to put a file to, how far it is, the results by signed links, and a way to stop it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import Field

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listing, shown
from functions.manage_platform.signed_links import download_link, upload_link
from functions.manage_platform.uploads import FileName
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.batch import OPEN, PART_BYTES, SUFFIXES, Batch, Form, Kind, Part, form_of, source_key
from sluice.domain.callback import MAXIMUM_LENGTH, receiver_of
from sluice.domain.errors import Conflict, Invalid, NotFound, Reason
from sluice.stores.items import Item
from sluice.stores.records import from_item
from sluice.workflows.batches import id_column_of

MAXIMUM_BYTES = 5 << 30
"""What S3 takes in one PUT; larger files go to the drop folder in parts."""


class Wanted(Body):
    """What a batch and a request have in common. `callback`: an https address that is told of the end."""

    environment: str = Field(default="production", pattern=r"^[a-z][a-z0-9-]{1,39}$")
    callback: str | None = Field(default=None, max_length=MAXIMUM_LENGTH)


class RequestBatch(Wanted):
    """`size` in bytes: the link takes a body of exactly this size. `part_bytes`: about so large is a part."""

    filename: FileName
    size: int = Field(ge=1, le=MAXIMUM_BYTES)
    part_bytes: int = Field(default=PART_BYTES, ge=1 << 16, le=1 << 30)


class Nothing(Body):
    """An empty object."""


@dataclass(frozen=True)
class BatchShown(Batch):
    """`parts_done` and `rows_done`: how far it is."""

    parts_done: int = 0
    rows_done: int = 0


@dataclass(frozen=True, slots=True)
class BatchLink:
    """PUT the file to `url` with exactly these `headers`: that starts the batch."""

    batch_id: str
    key: str
    url: str
    headers: dict[str, str]
    expires_seconds: int


@dataclass(frozen=True, slots=True)
class ResultLink:
    """One object of a batch's output, and a signed link to it."""

    key: str
    size: int
    sha256: str
    url: str


@dataclass(frozen=True, slots=True)
class PartShown:
    """A part that is done."""

    part: int
    scored: int
    failed: int
    results: tuple[ResultLink, ...]
    failures: tuple[ResultLink, ...]


def request(call: Call, body: RequestBatch) -> Json:
    """Conflict where nothing serves in the environment, Invalid for a form that cannot be cut."""
    form = form_of(body.filename)
    if form is None:
        expected = f"a name that ends in {', '.join(SUFFIXES)}"
        raise Invalid("this cannot be scored", [Reason("filename", "unknown form", body.filename, expected)])
    about = {
        "part_bytes": body.part_bytes,
        "id_column": id_column_of(call.platform, call.tenant, call.project),
    }
    batch = open_record(call, body, "batch", form, body.filename, **about)
    call.record(call.project, "batch.request", f"batch:{batch.batch_id}", key=batch.key, size=body.size)
    return {"batch_id": batch.batch_id, "key": batch.key, **upload_link(call, batch.key, body.size)}


def open_record(call: Call, body: Wanted, kind: Kind, form: Form, file: str, **about: Any) -> Batch:
    """Record what waits for its file. Conflict where nothing serves, Invalid for a callback not allowed."""
    if body.callback:
        hosts = call.platform.environment.get("CALLBACK_HOSTS", "")
        receiver_of(body.callback, list(filter(None, hosts.split(","))))
    if call.platform.endpoints.get(call.tenant, call.project, body.environment) is None:
        call.platform.projects.get(call.tenant, call.project)  # NotFound says more
        raise Conflict(f"no version of {call.project!r} serves in {body.environment!r}: promote one first")
    batch_id = call.platform.records.new_id()
    batch = Batch(
        batch_id=batch_id,
        kind=kind,
        project=call.project,
        environment=body.environment,
        form=form,
        key=source_key(call.tenant, call.project, body.environment, batch_id, file),
        requested_by=call.caller.principal,
        authenticated=True,
        correlation_id=call.correlation_id,
        callback=body.callback,
        **about,
    )
    return call.platform.batches.create(call.tenant, batch)


def show_all(call: Call) -> Json:
    fetch = partial(call.platform.batches.page, call.tenant, call.project)

    def view(item: Item) -> Json | None:
        batch = from_item(Batch, item)
        return shown(batch) if batch.kind == "batch" else None

    return listing(call, f"batches/{call.project}", fetch, view)


def show(call: Call) -> Json:
    batch = found(call, "batch")
    parts = call.platform.batches.parts(call.tenant, batch.batch_id)
    rows = sum(part.scored + part.failed for part in parts)
    return {**shown(batch), "parts_done": len(parts), "rows_done": rows}


def show_parts(call: Call) -> Json:
    """The parts that are done, in the order of the file."""
    batch = found(call, "batch")
    fetch = partial(call.platform.batches.part_page, call.tenant, batch.batch_id)

    def view(item: Item) -> Json:
        part = from_item(Part, item)
        links = {
            name: [_linked(call, ref) for ref in getattr(part, name)] for name in ("results", "failures")
        }
        return {"part": part.part, "scored": part.scored, "failed": part.failed, **links}

    return listing(call, f"parts/{batch.batch_id}", fetch, view)


def _linked(call: Call, ref: ArtefactRef) -> Json:
    return {"key": ref.key, "size": ref.size, "sha256": ref.sha256, "url": download_link(call, ref)}


def cancel(call: Call, _body: Nothing) -> Json:
    """Parts that run come to their end, the others do not begin; what is done stays."""
    batch = found(call, "batch")
    if batch.status not in OPEN:
        raise Conflict(f"batch {batch.batch_id} has {batch.status} already")
    ended = call.platform.batches.end(call.tenant, batch, "cancelled")
    if batch.status == "waiting":
        call.platform.batches.close(call.tenant, ended)
    call.record(call.project, "batch.cancel", f"batch:{batch.batch_id}")
    return shown(ended)


def found(call: Call, kind: str) -> Batch:
    batch = call.platform.batches.get(call.tenant, call.project, call.path[f"{kind}_id"])
    if batch.kind != kind:
        raise NotFound(f"project {call.project!r} has no {kind} {batch.batch_id}")
    return batch


_ONE = "/projects/{project}/batches/{batch_id}"
ROUTES = (
    Route(
        "POST",
        "/projects/{project}/batches",
        "batch.start",
        "A link to put a file to, which is then scored",
        accepting(RequestBatch, request),
        answer=BatchLink,
        body=RequestBatch,
        status=201,
    ),
    Route(
        "GET",
        "/projects/{project}/batches",
        "batch.read",
        "Batches, the newest first",
        show_all,
        answer=Batch,
        paged=True,
    ),
    Route("GET", _ONE, "batch.read", "A batch, and how far it is", show, answer=BatchShown),
    Route(
        "GET",
        f"{_ONE}/parts",
        "batch.read",
        "The parts that are done, with signed links to their results and failures",
        show_parts,
        answer=PartShown,
        paged=True,
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        "batch.start",
        "Stop a batch",
        accepting(Nothing, cancel),
        answer=Batch,
        body=Nothing,
    ),
)
