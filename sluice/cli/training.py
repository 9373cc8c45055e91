"""Trainings: listed, shown, started again."""

from typing import Annotated

import typer
from rich.panel import Panel

from sluice.cli import show
from sluice.cli.follow import STAGES, seconds_of
from sluice.cli.newest import newest
from sluice.cli.session import AsJson, Limit, ProjectName, session_of

app = typer.Typer(help="Look at trainings, and train again.")

TrainingId = Annotated[str, typer.Argument(help="Of `training list`; the newest one if not given.")]


@app.command("list")
def list_trainings(
    context: typer.Context, project: ProjectName, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Trainings, the newest first."""
    columns: dict[str, str | show.Cell] = {
        "training": "training_id",
        "status": "status",
        "outcome": "outcome",
        "model": lambda item: item.get("model_version") or "",
        "cause": "cause",
        "by": "requested_by",
        "begun": lambda item: show.moment(item["created_at"]),
    }
    trainings = session_of(context).api("viewer").of(project, "trainings", limit=limit)
    show.listing(trainings, columns, as_json=as_json)


@app.command("show")
def show_training(
    context: typer.Context, project: ProjectName, training_id: TrainingId = "", as_json: AsJson = False
) -> None:
    """What a training was made of, how far it came, and its verdict."""
    api = session_of(context).api("viewer")
    named = training_id or newest(api, project, "trainings")["training_id"]
    show.one(api.one(project, "trainings", named), _card, as_json=as_json)


def _card(training: show.Json) -> Panel:
    dataset = training["dataset"]
    fields = [
        ("status", training["status"]),
        ("outcome", training["outcome"]),
        ("error", training.get("error")),
        ("model", f"version {training['model_version']}" if training.get("model_version") else ""),
        (
            "registered",
            f"version {training['given']['version']}, made outside" if training.get("given") else "",
        ),
        ("run", training.get("run_id")),
        ("dataset", f"{dataset['key']}\nversion {dataset['version_id']}\nsha256 {dataset['sha256']}"),
        ("code", training["code_digest"]),
        ("project.yaml", f"version {training['project_version']} ({training['project_digest']})"),
        ("cause", f"{training['cause']}, by {training['requested_by']}"),
        ("metrics", ", ".join(f"{name} {value:.4g}" for name, value in training["metrics"].items())),
        ("stages", _stages(training)),
    ]
    below = [show.reasons(training["reasons"])] if training["reasons"] else []
    return show.card(f"training {training['training_id']}", fields, *below)


def _stages(training: show.Json) -> str:
    done = ((name, training["stages"].get(name)) for name in STAGES)
    return "\n".join(
        f"{name:<18} {seconds_of(stage):6.1f} s  {stage.get('outcome') or 'running'}"
        for name, stage in done
        if stage
    )


@app.command()
def retry(context: typer.Context, project: ProjectName, training_id: TrainingId = "") -> None:
    """Train the same data, code and project.yaml again."""
    session = session_of(context)
    named = training_id or newest(session.api("viewer"), project, "trainings")["training_id"]
    session.api("contributor").retry_training(project, named)
    show.console().print(f"✓ asked for; see {session.command(f'training list {project}')}")
