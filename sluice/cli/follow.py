"""Following what the platform does with something: upload, training, promotion, until it ends."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from rich.text import Text

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.session import Session
from sluice.client.api import Api
from sluice.client.errors import NotThere

Answer = TypeVar("Answer")

_PAUSE = 0.4
_UPLOAD_SECONDS = 120
_TRAINING_SECONDS = 3600
_OPEN_TRAINING = ("queued", "running")

#: What each state of a training proves, in words for whoever watches.
STAGES = {
    "validate_dataset": "the data keeps its contract",
    "run_project_tests": "the code passes its own tests",
    "train_model": "fitted and converted to ONNX",
    "score_dataset": "the ONNX file scored the test side",
    "evaluate_model": "judged",
    "register_model": "registered with its lineage",
}


def await_upload(session: Session, project: str, upload_id: str) -> show.Json:
    """The upload's record once it is settled. AnswerIsNo with its reasons when it was rejected."""
    api = session.api("viewer")
    for upload in polled(lambda: _found(api, project, upload_id), _UPLOAD_SECONDS):
        if upload is not None and upload["status"] != "received":
            return checked_upload(upload)
    raise AnswerIsNo(f"the platform has not taken upload {upload_id} within {_UPLOAD_SECONDS} s")


def checked_upload(upload: show.Json) -> show.Json:
    if upload["status"] == "rejected":
        show.console().print(show.reasons(upload["reasons"]))
        raise AnswerIsNo(f"the upload {upload['key']} was rejected")
    return upload


def report_training(session: Session, upload: show.Json, *, wait: bool) -> None:
    """Say what an accepted upload leads to, and follow it to its end if asked to."""
    console = show.console()
    project = upload["project"]
    if upload.get("duplicate_of"):
        console.print(
            f"≡ the same data, code and project.yaml as training {upload['duplicate_of']}", style="cyan"
        )
    elif upload.get("waiting_for"):
        console.print(f"… waiting for {upload['waiting_for']}", style="yellow")
    elif training_id := upload.get("training_id"):
        console.print(f"✓ training {training_id}")
        if wait:
            print_verdict(follow_training(session, project, training_id))
            console.print(f"  {session.command(f'promotion show {project}')}", style="dim")
        else:
            console.print(f"  {session.command(f'training show {project} {training_id}')}", style="dim")


def follow_training(session: Session, project: str, training_id: str) -> show.Json:
    """Print each stage as it ends; gives the training when it has ended."""
    api, console = session.api("viewer"), show.console()
    told: set[str] = set()
    with console.status("waiting for the training to start") as spinner:
        trainings = polled(lambda: api.one(project, "trainings", training_id), _TRAINING_SECONDS)
        for training in trainings:
            _tell_stages(training, told)
            if training["status"] not in _OPEN_TRAINING:
                return training
            spinner.update(f"{training['stage'] or training['status']} …")
    raise AnswerIsNo(f"training {training_id} has not ended within {_TRAINING_SECONDS} s")


def print_verdict(training: show.Json) -> None:
    """The outcome and its reasons; AnswerIsNo unless the training succeeded."""
    console = show.console()
    if training["status"] == "succeeded":
        version = training.get("model_version")
        made = f": model version {version} of {training['project']}" if version else ""
        console.print(Text("✓ ", style="green") + show.word(training["outcome"]) + Text(made))
        return
    if training["reasons"]:
        console.print(show.reasons(training["reasons"]))
    because = f": {training['error']}" if training.get("error") else ""
    raise AnswerIsNo(f"the training was {training['status']} in {training['stage']}{because}")


def seconds_of(stage: show.Json) -> float:
    """How long a stage took; 0 while it has not ended."""
    if not stage.get("ended_at"):
        return 0.0
    ended, started = (datetime.fromisoformat(stage[name]) for name in ("ended_at", "started_at"))
    return (ended - started).total_seconds()


def _tell_stages(training: show.Json, told: set[str]) -> None:
    for name, sentence in STAGES.items():
        stage: dict[str, Any] = training["stages"].get(name) or {}
        if name in told or not stage.get("ended_at"):
            continue
        told.add(name)
        outcome = show.word(stage["outcome"])
        line = Text(f"  {seconds_of(stage):5.1f} s  ", style="dim") + Text(f"{name:<18} ") + outcome
        good = stage["outcome"] != "rejected"
        show.console().print(line + Text(f"  {sentence}" if good else "", style="dim"))


def _found(api: Api, project: str, upload_id: str) -> show.Json | None:
    try:
        return api.one(project, "uploads", upload_id)
    except NotThere:
        return None


def polled(ask: Callable[[], Answer], seconds: float, *, pause: float = _PAUSE) -> Iterator[Answer]:
    """Ask again and again, for so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield ask()
        time.sleep(pause)
