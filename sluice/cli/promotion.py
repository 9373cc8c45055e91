"""Promotions: what waits for a decision, what its approver must know, and the decision."""

import time
from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.newest import newest
from sluice.cli.promotion_card import promotion_card
from sluice.cli.session import AsJson, Limit, ProjectName, Session, session_of
from sluice.domain.errors import Invalid

app = typer.Typer(help="Look at promotions and decide them.")

PromotionId = Annotated[str, typer.Argument(help="Of `promotion list`.")]
_PATIENCE_SECONDS = 30
_PAUSE = 0.5

Comment = Annotated[str, typer.Option("--comment", "-m", help="Kept with the decision.")]


@app.command("list")
def list_promotions(
    context: typer.Context, project: ProjectName, limit: Limit = 20, as_json: AsJson = False
) -> None:
    """Promotions, the newest first."""
    columns: dict[str, str | show.Cell] = {
        "promotion": "promotion_id",
        "model": "model_version",
        "to": "environment",
        "outcome": "outcome",
        "status": "status",
        "decided by": lambda item: ", ".join(each["principal"] for each in item["decisions"]),
        "expires": lambda item: (
            show.moment(item["expires_on"]) if item["status"].startswith("waiting") else ""
        ),
    }
    promotions = session_of(context).api("viewer").of(project, "promotions", limit=limit)
    show.listing(promotions, columns, as_json=as_json)


@app.command("show")
def show_promotion(
    context: typer.Context, project: ProjectName, promotion_id: PromotionId = "", as_json: AsJson = False
) -> None:
    """What an approver must know; the newest promotion if none is named."""
    api = session_of(context).api("viewer")
    named = promotion_id or newest(api, project, "promotions")["promotion_id"]
    show.one(api.one(project, "promotions", named), promotion_card, as_json=as_json)


@app.command()
def approve(
    context: typer.Context, project: ProjectName, promotion_id: PromotionId = "", comment: Comment = ""
) -> None:
    """Let a model version go on; the only promotion that waits if none is named."""
    _decide(session_of(context), project, promotion_id, ("approve", comment))


@app.command()
def reject(
    context: typer.Context, project: ProjectName, promotion_id: PromotionId = "", comment: Comment = ""
) -> None:
    """Stop a model version; the only promotion that waits if none is named."""
    _decide(session_of(context), project, promotion_id, ("reject", comment))


def _decide(session: Session, project: str, promotion_id: str, decision: tuple[str, str]) -> None:
    named = promotion_id or _only_waiting(session, project)
    decided = session.api("approver").decide(project, named, *decision)
    last = decided["decisions"][-1]
    own = " (who also asked for it)" if last["self_approval"] else ""
    show.console().print(f"✓ {decided['status']}: {last['principal']}{own} chose to {last['decision']}")


def _only_waiting(session: Session, project: str) -> str:
    """The promotion that waits, also when it is only about to."""
    api = session.api("viewer")
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = list(api.of(project, "promotions", limit=100))
        waiting = [each["promotion_id"] for each in found if each["status"] == "waiting_for_approval"]
        if waiting or time.monotonic() > end or all(each["status"] != "running" for each in found):
            break
        time.sleep(_PAUSE)
    if len(waiting) != 1:
        message = "name the promotion" if waiting else "no promotion waits for a decision"
        raise Invalid.about("PROMOTION_ID", message, ", ".join(waiting) or "none", "one promotion")
    return str(waiting[0])


@app.command()
def request(
    context: typer.Context,
    project: ProjectName,
    version: Annotated[int, typer.Argument(min=1, help="The model version.")],
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", help="The last one by default.")
    ] = None,
) -> None:
    """Ask for a model version to be promoted."""
    body = {"version": version, "environment": environment}
    opened = session_of(context).api("deployer").create(project, "promotions", body)
    show.console().print(f"✓ promotion {opened['promotion_id']}: {opened['status']}")
