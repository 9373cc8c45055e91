"""Data: pushed, listed."""

from pathlib import Path
from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.follow import await_upload, report_training
from sluice.cli.send_file import send_file
from sluice.cli.session import AsJson, Limit, ProjectName, Wait, session_of

app = typer.Typer(help="Push and look at data.")


@app.command()
def push(
    context: typer.Context,
    project: ProjectName,
    file: Annotated[Path, typer.Argument(help="A full snapshot: .csv, .csv.gz or .parquet.")],
    wait: Wait = False,
    force: Annotated[bool, typer.Option("--force", help="Train though nothing is new.")] = False,
) -> None:
    """Upload a dataset; a training starts by itself."""
    session = session_of(context)
    upload_id = send_file(session, project, file, forced=force)
    show.console().print(f"✓ uploaded {file.name} ({upload_id})")
    upload = await_upload(session, project, upload_id)
    report_training(session, upload, wait=wait)


@app.command("list")
def list_uploads(
    context: typer.Context, project: ProjectName, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Uploads of data and code, and what became of each."""
    columns: dict[str, str | show.Cell] = {
        "upload": "upload_id",
        "kind": "kind",
        "file": lambda item: item["key"].rsplit("/", 1)[-1],
        "status": "status",
        "why": _why,
        "by": lambda item: item["requested_by"] + ("" if item["authenticated"] else " (unauthenticated)"),
        "at": lambda item: show.moment(item["created_at"]),
    }
    uploads = session_of(context).api("viewer").of(project, "uploads", limit=limit)
    show.listing(uploads, columns, as_json=as_json)


def _why(upload: show.Json) -> str:
    if upload.get("duplicate_of"):
        return f"duplicate_of {upload['duplicate_of']}"
    if upload.get("waiting_for"):
        return f"waiting for {upload['waiting_for']}"
    found = upload.get("reasons") or ()
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]['path']}: {found[0]['message']}{more}" if found else ""
