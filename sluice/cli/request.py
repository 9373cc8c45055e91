"""Requests too large or too slow for the door: sent as they are, answered into a file."""

from pathlib import Path
from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.follow import polled
from sluice.cli.send_file import send_to
from sluice.cli.session import AsJson, ProjectName, Session, session_of
from sluice.client.api import get_file
from sluice.domain.batch import OPEN

app = typer.Typer(help="Look at large requests, and fetch their answers.")

_SECONDS = 900
_OK = 200

RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="As `request` printed it.")]
Callback = Annotated[
    str | None, typer.Option("--callback", help="An https address to tell of the end; docs/batch.md.")
]


def request(
    context: typer.Context,
    project: ProjectName,
    file: Annotated[Path, typer.Argument(help="The body as the protocol has it, JSON or .csv: up to 32 MB.")],
    environment: Annotated[str, typer.Option("--environment", "-e")] = "production",
    protocol: Annotated[str, typer.Option(help="mlflow, open_inference or plain.")] = "mlflow",
    callback: Callback = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Wait, and put the answer there.")
    ] = None,
) -> None:
    """Send one large request; its answer comes later."""
    session = session_of(context)

    def leave(size: int) -> show.Json:
        wanted = {
            "size": size,
            "environment": environment,
            "protocol": protocol,
            "content_type": "text/csv" if file.suffix == ".csv" else "application/json",
            "callback": callback,
        }
        return session.api("invoker").create(project, "requests", wanted)

    request_id = str(send_to(file, leave)["request_id"])
    show.console().print(f"✓ request {request_id} of {file.name}")
    if output:
        _fetch(session, project, request_id, output)


@app.command("show")
def show_request(
    context: typer.Context, project: ProjectName, request_id: RequestId, as_json: AsJson = False
) -> None:
    """Whether it is answered, and who was told."""
    found = session_of(context).api("invoker").one(project, "requests", request_id)
    if as_json:
        show.dump(found)
        return
    delivery = found["delivery"] or {}
    told = f"{delivery['status']} after {delivery['attempts']} attempts" if delivery else None
    fields = [
        ("status", found["status"]),
        ("error", found["error"]),
        ("protocol", found["protocol"]),
        ("answer", f"HTTP {found['answer']['status']}" if found["answer"] else None),
        ("callback", found["callback"]),
        ("told", told),
        ("because", delivery.get("error")),
    ]
    show.console().print(show.card(f"request {request_id}", fields))


@app.command("fetch")
def fetch(context: typer.Context, project: ProjectName, request_id: RequestId, output: Path) -> None:
    """Wait for the answer and put its body into a file. Exit code 1 says that it is an error."""
    _fetch(session_of(context), project, request_id, output)


@app.command("secret")
def secret(
    context: typer.Context,
    project: ProjectName,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new one; the one before signs too for a day.")
    ] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="With --rotate: the one before signs no more.")
    ] = False,
) -> None:
    """What receivers of callbacks verify them with."""
    if at_once and not rotate:
        raise typer.BadParameter("goes with --rotate", param_hint="--at-once")
    api = session_of(context).api("admin" if rotate else "deployer")
    if rotate:
        changed = api.rotate_callback_secret(project, at_once=at_once)
        until = changed["previous_until"]
        show.errors().print(f"the one before signs beside it until {until}" if until else "it signs alone")
    print(api.callback_secret(project))


def _fetch(session: Session, project: str, request_id: str, output: Path) -> None:
    api = session.api("invoker")
    for found in polled(lambda: api.one(project, "requests", request_id), _SECONDS, pause=1.0):
        if found["status"] not in OPEN:
            break
    answer = found["answer"]
    if answer is None:
        raise AnswerIsNo(f"request {request_id} has no answer, it is {found['status']}: {found['error']}")
    with output.open("wb") as file:
        file.writelines(get_file(answer["url"]))
    show.console().print(f"✓ answer in {output}")
    if answer["status"] != _OK:
        raise AnswerIsNo(f"the answer is an error (HTTP {answer['status']})")
