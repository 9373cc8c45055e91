"""Drift: reports of the monitoring, and a check now."""

from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.drift_card import REPORT_COLUMNS, drift_card
from sluice.cli.newest import newest
from sluice.cli.session import AsJson, Limit, ProjectName, session_of

app = typer.Typer(help="Compare what is served with what was trained on.")


@app.command("list")
def list_reports(
    context: typer.Context, project: ProjectName, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Drift reports, the newest first."""
    reports = session_of(context).api("viewer").of(project, "drift", limit=limit)
    show.listing(reports, REPORT_COLUMNS, as_json=as_json)


@app.command("show")
def show_report(
    context: typer.Context,
    project: ProjectName,
    report_id: Annotated[str, typer.Argument(help="Of `drift list`; the newest one if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """A drift report: every feature, the predictions, the labelled quality, and what followed."""
    api = session_of(context).api("viewer")
    report = api.one(project, "drift", report_id or newest(api, project, "drift")["report_id"])
    show.one(report, drift_card, as_json=as_json)


@app.command()
def run(
    context: typer.Context,
    project: ProjectName,
    environment: Annotated[str, typer.Option("--environment", "-e")] = "production",
) -> None:
    """Close the open window now, if it has rows enough, and report."""
    session = session_of(context)
    session.api("deployer").create(project, "drift", {"environment": environment})
    show.console().print(f"✓ asked for; see {session.command(f'drift list {project}')}")
