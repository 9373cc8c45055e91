"""Trainings: read as they stand, and asked for. What a training is made of is decided by start_training."""

from __future__ import annotations

from dataclasses import dataclass

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listed, shown
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Conflict
from sluice.domain.training import OPEN, Training


class RequestTraining(Body):
    """Without `upload_id` the last accepted dataset is trained on; `force` trains an equal one again."""

    force: bool = False
    upload_id: str | None = None


class Nothing(Body):
    """An empty object."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The training appears in the list, under this id, when the request was taken."""

    training_id: str
    project: str
    event_id: str


def _short(training: Training) -> Json:
    return shown(training, "details", "stages")


def show(call: Call) -> Json:
    return shown(call.platform.trainings.get(call.tenant, call.project, call.path["training_id"]))


def request(call: Call, body: RequestTraining) -> Json:
    """Conflict where there is nothing yet to train on."""
    project = call.platform.projects.get(call.tenant, call.project)
    dataset = project.dataset if body.upload_id is None else _dataset_of(call, body.upload_id)
    if dataset is None:
        raise Conflict(f"no dataset of {project.name!r} has been accepted yet")
    return _publish(call, {"dataset": shown(dataset), "forced": body.force, "cause": "request"})


def retry(call: Call, _body: Nothing) -> Json:
    """Train on the same data again, with the project and the code as they are now."""
    training = call.platform.trainings.get(call.tenant, call.project, call.path["training_id"])
    if training.status in OPEN:
        raise Conflict(f"training {training.training_id} is {training.status}")
    if training.given and training.status == "succeeded":
        raise Conflict(
            f"version {training.given.version} was judged: another judgement needs another version"
        )
    data = {
        "dataset": shown(training.dataset),
        # An equal one that failed does not stand in the way; one that succeeded would.
        "forced": training.status == "succeeded",
        "cause": "retry",
        "retry_of": training.training_id,
    }
    if training.split_override is not None:
        data["split_override"] = dict(training.split_override)
    if training.given is not None:
        data["given"] = shown(training.given)
    return _publish(call, data)


def _dataset_of(call: Call, upload_id: str) -> ArtefactRef:
    upload = call.platform.uploads.get(call.tenant, call.project, upload_id)
    if upload.kind != "data" or upload.ref is None or upload.status == "waiting":
        raise Conflict(f"upload {upload_id} is {upload.status} {upload.kind} and cannot be trained on")
    return upload.ref


def _publish(call: Call, data: Json) -> Json:
    training_id = call.platform.records.new_id()
    event_id = call.publish("TrainingRequested", {**data, "training_id": training_id})
    call.record(
        call.project,
        "training.request",
        f"training:{training_id}",
        cause=data["cause"],
        forced=data["forced"],
    )
    return {"training_id": training_id, "project": call.project, "event_id": event_id}


_ONE = "/projects/{project}/trainings/{training_id}"
ROUTES = (
    Route(
        "GET",
        "/projects/{project}/trainings",
        "training.read",
        "Trainings, the newest first",
        listed("trainings", lambda platform: platform.trainings.page, Training, _short),
        answer=Training,
        paged=True,
    ),
    Route("GET", _ONE, "training.read", "A training as it stands", show, answer=Training),
    Route(
        "POST",
        "/projects/{project}/trainings",
        "training.start",
        "Train on the last accepted dataset, or on an upload",
        accepting(RequestTraining, request),
        answer=Requested,
        body=RequestTraining,
        status=202,
    ),
    Route(
        "POST",
        f"{_ONE}/retry",
        "training.start",
        "Train the same again",
        accepting(Nothing, retry),
        answer=Requested,
        body=Nothing,
        status=202,
    ),
)
