"""The last step: a promotion that waits, and what a person can do next."""

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
    """Where it answers, and commands to go on with: the first approves what waits."""
    console = journal.console
    took = " · ".join(f"{name} {seconds:.0f} s" for name, seconds in journal.seconds.items())
    console.print()
    journal.explain(f"{sum(journal.seconds.values()):.0f} s in all: {took}")
    console.rule(Text("It runs. What next?", style="bold"), align="left", style="green")
    status = session.connection.status
    lines = [("API, and MLflow's address", str(status["api_url"]))]
    lines += [(title, session.command(words)) for title, words in _next_commands(journal, waiting["project"])]
    lines.append(("for aws, mlflow and curl", f'eval "$({session.command("env")})"'))
    for title, text in lines:
        # A command is copied: it may run over the edge, but not be broken.
        console.print(Text(f"{title:<27}", style="dim") + Text(text, style="cyan"), soft_wrap=True)


def _next_commands(journal: Journal, project: str) -> tuple[tuple[str, str], ...]:
    return (
        ("approve what waits", f"promotion approve {project}"),
        ("see what you approve", f"promotion show {project}"),
        ("how a score came about", f"prediction show {journal.facts['prediction']['prediction_id']}"),
        ("who did what", "audit list credit"),
        ("is the record intact", "audit verify credit"),
        ("addresses and tokens", "status"),
        ("stop", "down"),
        ("start again", "up --detach"),
    )
