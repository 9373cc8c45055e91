"""Projects: begun from a data file, pushed as versions, listed, shown."""

import getpass
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.cli import show
from sluice.cli.code_zip import zip_code
from sluice.cli.follow import await_upload, report_training
from sluice.cli.project_yaml import load_spec
from sluice.cli.send_file import send_bytes
from sluice.cli.session import AsJson, ProjectName, Session, Wait, session_of
from sluice.cli.write_project import write_project
from sluice.domain.errors import Invalid, Reason
from sluice.project.inference import Request, infer_project
from sluice.project.schema import ProjectSpec, canonical
from sluice.project.section import NAME_PATTERN

app = typer.Typer(help="Begin, push and look at projects.")

_ROLES = ("target", "id", "time", "feature", "protected", "ignored")


@app.command()
def init(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Part of every address; it never changes.")],
    data: Annotated[Path, typer.Option("--data", help="A .csv, .csv.gz or .parquet file.")],
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    id_column: Annotated[
        str | None, typer.Option("--id", help="The column that identifies a row; else found by its name.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where to write; else a folder of the project's name.")
    ] = None,
) -> None:
    """Write a project folder from a data file: project.yaml, training code, and tests that pass."""
    if not re.match(NAME_PATTERN, name):
        expected = "a small letter, then 1 to 39 small letters, digits or hyphens"
        raise Invalid(f"{name} is no name for a project", [Reason("NAME", "not a name", name, expected)])
    place = folder or Path(name)
    inferred = infer_project(data, Request(name, target, id_column, owner=getpass.getuser()))
    written = write_project(place, inferred)
    console = show.console()
    _print_roles(inferred.document, f"{data.name}: {inferred.rows} rows")
    for warning in inferred.warnings:
        console.print(f"! {warning}", style="yellow")
    console.print(f"✓ wrote {len(written)} files to {place}/", style="green")
    console.print(f"\nRead {place}/project.yaml, then:", style="dim")
    for words in (f"project push {place}", f"data push {name} {data} --wait"):
        console.print(f"  {session_of(context).command(words)}")


def _print_roles(document: Mapping[str, Any], title: str) -> None:
    columns = document["contract"]["columns"]
    fields = [("task", document["evaluation"]["task"])]
    fields += [
        (role, ", ".join(column["name"] for column in columns if column["role"] == role)) for role in _ROLES
    ]
    show.console().print(show.card(title, fields))


@app.command()
def push(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder with project.yaml.")],
    wait: Wait = False,
) -> None:
    """Make a version of a folder's project.yaml and of its code; what is unchanged stays as it is."""
    session = session_of(context)
    spec = load_spec(folder)
    pushed = push_spec(session, spec)
    state = "unchanged" if pushed["unchanged"] else "pushed"
    digest = show.short(pushed["digest"])
    show.console().print(f"✓ project.yaml {state}: {spec.name} version {pushed['version']} ({digest})")
    if spec.training.entry is None:
        return
    upload = push_code(session, spec.name, folder)
    if upload is not None:
        report_training(session, upload, wait=wait)


def push_spec(session: Session, spec: ProjectSpec) -> show.Json:
    """{"project", "version", "digest", "unchanged"}."""
    return session.api("contributor").push_project(json.loads(canonical(spec)))


def push_code(session: Session, project: str, folder: Path) -> show.Json | None:
    """The settled upload; None when this very code is current already."""
    code = zip_code(folder)
    digest = show.short(code.digest)
    if session.api("viewer").project(project).get("code_digest") == code.digest:
        show.console().print(f"✓ code unchanged ({digest})")
        return None
    upload_id = send_bytes(session, project, f"{digest}.zip", code.content)
    upload = await_upload(session, project, upload_id)
    show.console().print(f"✓ code pushed: {len(code.files)} files ({digest})")
    return upload


@app.command("list")
def list_projects(context: typer.Context, as_json: AsJson = False) -> None:
    """Projects of this deployment."""
    columns: dict[str, str | show.Cell] = {
        "project": "name",
        "version": "version",
        "purpose": "purpose",
        "owners": lambda item: ", ".join(item["owners"]),
        "code": lambda item: show.short(item.get("code_digest")),
        "updated": lambda item: show.moment(item["updated_at"]),
    }
    show.listing(session_of(context).api("viewer").projects(), columns, as_json=as_json)


@app.command("show")
def show_project(context: typer.Context, project: ProjectName, as_json: AsJson = False) -> None:
    """A project as it is now: its contract, its data and code, and what serves where."""
    api = session_of(context).api("viewer")
    found = api.project(project)
    endpoints = list(api.of(project, "endpoints"))
    if as_json:
        show.dump({**found, "endpoints": endpoints})
        return
    spec = found["spec"]
    dataset = found.get("dataset") or {}
    fields = [
        ("purpose", found["purpose"]),
        ("owners", ", ".join(found["owners"])),
        ("project.yaml", f"version {found['version']} ({show.short(found['digest'])})"),
        ("task", f"{spec['evaluation']['task']}, by {spec['evaluation']['primary_metric']}"),
        ("code", show.short(found.get("code_digest"))),
        ("dataset", f"{dataset['key']} ({show.short(dataset['sha256'])})" if dataset else ""),
    ]
    fields += [(endpoint["environment"], _serving(endpoint)) for endpoint in endpoints]
    show.console().print(show.card(found["name"], fields))
    _print_roles(spec, "contract")


def _serving(endpoint: show.Json) -> str:
    variants = ", ".join(
        f"version {each['model_version']} ({each['weight']} %)" for each in endpoint["variants"]
    )
    return f"{variants}, revision {endpoint['revision']}"
