"""Batches: files scored as a whole, watched and fetched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.follow import polled
from sluice.cli.request import Callback
from sluice.cli.send_file import safe_name, send_to
from sluice.cli.session import AsJson, Limit, ProjectName, Session, session_of
from sluice.client.api import get_file
from sluice.domain.batch import OPEN

app = typer.Typer(help="Look at batches, fetch their results, stop them.")

_SECONDS = 6 * 3600
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Of `batches list`.")]
Target = Annotated[Path | None, typer.Option("--output", "-o", help="Put the results there, in one file.")]


def batch(
    context: typer.Context,
    project: ProjectName,
    files: Annotated[list[Path], typer.Argument(help="Rows: .csv, .ndjson or .parquet, not compressed.")],
    environment: Annotated[str, typer.Option("--environment", "-e")] = "production",
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it has ended.")] = False,
    callback: Callback = None,
    output: Target = None,
) -> None:
    """Score files: each is one batch with one model version from its start to its end."""
    session = session_of(context)
    started = [_send(session, project, file, environment, callback) for file in files]
    for number, batch_id in enumerate(started):
        if wait or output:
            _print_end(_followed(session, project, batch_id))
        if output:
            target = output if len(started) == 1 else output.with_stem(f"{output.stem}-{number + 1}")
            _fetch(session, project, batch_id, target)


def _send(session: Session, project: str, file: Path, environment: str, callback: str | None) -> str:
    def leave(size: int) -> show.Json:
        wanted = {"filename": safe_name(file.name), "size": size, "environment": environment}
        wanted |= {"callback": callback} if callback else {}
        return session.api("invoker").create(project, "batches", wanted)

    batch_id = str(send_to(file, leave)["batch_id"])
    show.console().print(f"✓ batch {batch_id} of {file.name}")
    return batch_id


@app.command("list")
def list_batches(
    context: typer.Context, project: ProjectName, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Batches, the newest first."""
    columns: dict[str, str | show.Cell] = {
        "batch": "batch_id",
        "status": "status",
        "file": lambda item: item["key"].rsplit("/", 1)[-1],
        "environment": "environment",
        "model": lambda item: (item.get("model") or {}).get("version", ""),
        "rows": lambda item: item.get("rows") or "",
        "failed": lambda item: item.get("failed") or "",
        "by": "requested_by",
        "begun": lambda item: show.moment(item["created_at"]),
    }
    show.listing(
        session_of(context).api("invoker").of(project, "batches", limit=limit), columns, as_json=as_json
    )


@app.command("show")
def show_batch(
    context: typer.Context, project: ProjectName, batch_id: BatchId, as_json: AsJson = False
) -> None:
    """How far a batch is, and what it was scored with."""
    found = session_of(context).api("invoker").one(project, "batches", batch_id)
    if as_json:
        show.dump(found)
        return
    model = found.get("model") or {}
    fields = [
        ("status", found["status"]),
        ("error", found.get("error")),
        ("file", f"{found['key']}\nversion {found['version_id']}, etag {found['etag']}"),
        ("model", f"version {model['version']} ({model['variant']}), {model['digest']}" if model else ""),
        ("parts", f"{found['parts_done']} of {found['parts'] or '?'}"),
        ("rows", f"{found['rows_done']} of {found['rows'] or '?'}"),
        ("failed", found.get("failed")),
        ("manifest", (found.get("manifest") or {}).get("key")),
    ]
    below = [show.reasons(found["reasons"])] if found["reasons"] else []
    show.console().print(show.card(f"batch {batch_id}", fields, *below))


@app.command("fetch")
def fetch(context: typer.Context, project: ProjectName, batch_id: BatchId, output: Path) -> None:
    """Put a batch's results into one file, its failures beside it."""
    _fetch(session_of(context), project, batch_id, output)


@app.command("cancel")
def cancel(context: typer.Context, project: ProjectName, batch_id: BatchId) -> None:
    """Stop a batch; what is scored already stays."""
    session_of(context).api("invoker").create(project, f"batches/{batch_id}/cancel", {})
    show.console().print(f"✓ batch {batch_id} is cancelled")


def _followed(session: Session, project: str, batch_id: str) -> show.Json:
    api = session.api("invoker")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=show.console(), transient=True) as progress:
        task = progress.add_task("waiting", total=None)
        for found in polled(lambda: api.one(project, "batches", batch_id), _SECONDS, pause=1.0):
            doing = "rows" if found["rows"] else "planning"
            progress.update(task, description=doing, total=found["rows"], completed=found["rows_done"])
            if found["status"] not in OPEN:
                return found
    raise AnswerIsNo(f"batch {batch_id} has not ended within {_SECONDS} s")


def _print_end(ended: show.Json) -> None:
    if ended["status"] != "succeeded":
        if ended["reasons"]:
            show.console().print(show.reasons(ended["reasons"]))
        raise AnswerIsNo(f"the batch {ended['status']}" + (f": {ended['error']}" if ended["error"] else ""))
    failed = f", {ended['failed']} without an answer" if ended["failed"] else ""
    version = ended["model"]["version"]
    show.console().print(f"✓ {ended['scored']} rows scored by model version {version}{failed}")


def _fetch(session: Session, project: str, batch_id: str, output: Path) -> None:
    parts = list(session.api("invoker").of(project, f"batches/{batch_id}/parts"))
    for kind, target in (("results", output), ("failures", output.with_suffix(".failures.ndjson"))):
        links = [link for part in parts for link in part[kind]]
        if links:
            with target.open("wb") as file:
                for number, link in enumerate(links):
                    file.writelines(_without_header(get_file(link["url"]), again=number > 0, link=link))
            show.console().print(f"✓ {kind} in {target}")


def _without_header(chunks: Iterator[bytes], *, again: bool, link: show.Json) -> Iterator[bytes]:
    """Each CSV object begins with the header; a file has it once."""
    skipping = again and link["key"].endswith(".csv")
    for chunk in chunks:
        yield chunk.partition(b"\n")[2] if skipping else chunk
        skipping = False
