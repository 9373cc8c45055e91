"""The last step: a promotion that waits, and what a person can do next."""

from rich.table import Table
from rich.text import Text

from sluice.cli import show
from sluice.cli.demo.journal import Journal
from sluice.cli.demo.waiting import promotion_of
from sluice.cli.session import Session


def leave_pending(journal: Journal, session: Session) -> show.Json:
    """The promotion that waits: the challenger's, or where it has none, the credit model's again."""
    viewer = session.api("viewer")
    challenger = journal.facts["challenger"]
    goes_on = challenger["model_version"] and challenger["outcome"] not in {"worse", "rejected"}
    project = "marketing" if goes_on else "credit"
    version = (
        challenger["model_version"] if goes_on else next(viewer.of(project, "models", limit=1))["version"]
    )
    if not goes_on:
        session.api("deployer").create(project, "promotions", {"version": version, "environment": None})
    waiting = promotion_of(viewer, project, version, "waiting_for_approval")
    journal.noted(
        f"{project} version {version} waits for approval until {show.moment(waiting['expires_on'])} UTC"
    )
    journal.facts["pending"] = {
        "project": project,
        "promotion_id": waiting["promotion_id"],
        "version": version,
    }
    return waiting


def print_summary(journal: Journal, session: Session, waiting: show.Json) -> None:
    status = session.connection.status
    journal.console.print()
    took = " · ".join(f"{name} {seconds:.0f} s" for name, seconds in journal.seconds.items())
    journal.explain(f"{sum(journal.seconds.values()):.0f} s in all: {took}")
    prediction = journal.facts["prediction"]["prediction_id"]
    project = waiting["project"]
    lines = (
        ("approve what waits", f"promotion approve {project} {waiting['promotion_id']}"),
        ("see what you approve", f"promotion show {project} {waiting['promotion_id']}"),
        ("how a score came about", f"prediction show {prediction}"),
        ("who did what", "audit list credit"),
        ("is the record intact", "audit verify credit"),
        ("addresses and tokens", "status"),
        ("stop", "down"),
        ("start again", "up --detach"),
    )
    commands = [(title, session.command(words)) for title, words in lines]
    commands.append(("for aws, mlflow and curl", f'eval "$({session.command("env")})"'))
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("API", style="dim"), status["api_url"])
    table.add_row(Text("MLflow", style="dim"), status["tracking_uri"])
    for title, command in commands:
        table.add_row(Text(title, style="dim"), Text(command, style="cyan"))
    journal.console.rule(Text("It runs. What next?", style="bold"), align="left", style="green")
    journal.print(table)
