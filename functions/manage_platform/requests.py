"""Requests that take their time: a link to put a body to, and later one to its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from functions.manage_platform.batches import Wanted, found, open_record
from functions.manage_platform.routes import Call, Json, Route, accepting, shown
from functions.manage_platform.signed_links import download_link, upload_link
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.batch import REQUEST_BYTES, Batch, derived_key
from sluice.domain.callback import Delivery

_PATHS = {
    "open_inference": "/v2/models/{project}.{environment}/infer",
    "mlflow": "/endpoints/{project}/{environment}/invocations",
    "plain": "/endpoints/{project}/{environment}/score",
}


class RequestAnswer(Wanted):
    """`size` of the body in bytes, up to 32 MB: more is a batch. `header_length`: where a binary body's JSON
    ends.
    """

    size: int = Field(ge=1, le=REQUEST_BYTES)
    protocol: Literal["open_inference", "mlflow", "plain"] = "mlflow"
    content_type: str = Field(default="application/json", max_length=200, pattern=r"^[\x20-\x7e]+$")
    header_length: int | None = Field(default=None, ge=1, le=REQUEST_BYTES)


@dataclass(frozen=True, slots=True)
class RequestLink:
    """PUT the body to `url` with exactly these `headers`, then ask for the request until it has an answer."""

    request_id: str
    url: str
    headers: dict[str, str]
    expires_seconds: int


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """What the door would have answered: status, headers, and the body by a signed link."""

    status: int
    headers: dict[str, str]
    url: str


@dataclass(frozen=True, slots=True)
class RequestShown:
    """`answer` once it is there: of a wrong request the protocol's own error."""

    request_id: str
    status: str
    environment: str
    protocol: str
    created_at: str
    ended_at: str | None
    error: str | None
    callback: str | None
    delivery: Delivery | None
    answer: AnswerLink | None


def request(call: Call, body: RequestAnswer) -> Json:
    """As `open_record` says."""
    path = _PATHS[body.protocol].format(project=call.project, environment=body.environment)
    door = {"path": path, "content-type": body.content_type}
    if body.header_length is not None:
        door["inference-header-content-length"] = str(body.header_length)
    batch = open_record(call, body, "request", body.protocol, "body", door=door)
    return {"request_id": batch.batch_id, **upload_link(call, batch.key, body.size)}


def show(call: Call) -> Json:
    batch = found(call, "request")
    every = shown(batch)
    names = ("status", "environment", "created_at", "ended_at", "error", "callback", "delivery")
    answer = _answer(call, batch) if batch.status == "succeeded" else None
    kept = {name: every[name] for name in names}
    return {"request_id": batch.batch_id, "protocol": batch.form, **kept, "answer": answer}


def _answer(call: Call, batch: Batch) -> Json:
    key = derived_key(call.tenant, batch.project, batch.batch_id, "answer.json")
    said: dict[str, Any] = json.loads(b"".join(call.platform.artefacts.stream("data", key, "")))
    url = download_link(call, ArtefactRef(**said.pop("answer")))
    return {**said, "url": url}


ROUTES = (
    Route(
        "POST",
        "/projects/{project}/requests",
        "batch.start",
        "A link to put a large request to, which is then answered",
        accepting(RequestAnswer, request),
        answer=RequestLink,
        body=RequestAnswer,
        status=201,
    ),
    Route(
        "GET",
        "/projects/{project}/requests/{request_id}",
        "batch.read",
        "A large request, and its answer once it is there",
        show,
        answer=RequestShown,
    ),
)
