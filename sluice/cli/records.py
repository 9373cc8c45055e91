"""What was made from what, and who did what: lineage and audit."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.newest import newest
from sluice.cli.session import AsJson, Limit, ProjectName, session_of

audit_app = typer.Typer(help="The record of who did what, and whether it holds.")

_KIND_STYLES = {
    "model": "bold green",
    "dataset": "cyan",
    "code": "cyan",
    "project": "cyan",
    "promotion": "yellow",
}


def lineage(
    context: typer.Context,
    project: ProjectName,
    node: Annotated[
        str, typer.Argument(help="kind:id, as printed here; the newest model if not given.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """What a thing was made from, and what came of it."""
    api = session_of(context).api("viewer")
    node = node or f"model:{project}/{newest(api, project, 'models')['version']}"
    show.one(api.lineage(project, node), _trees, as_json=as_json)


def _trees(found: show.Json) -> Group:
    node = found["node"]
    return Group(
        _tree(node, found["upstream"], "source", "target", "made from"),
        _tree(node, found["downstream"], "target", "source", "led to"),
    )


def _tree(root: str, edges: Sequence[show.Json], far: str, near: str, title: str) -> Tree:
    tree = Tree(_label(root) + Text(f"  {title}", style="dim"))
    branches = {root: tree}
    for edge in edges:
        if edge[near] in branches:
            branch = branches[edge[near]].add(_label(edge[far]) + Text(f"  {edge['relation']}", style="dim"))
            branches.setdefault(edge[far], branch)
    return tree


def _label(node: str) -> Text:
    return Text(node, style=_KIND_STYLES.get(node.partition(":")[0], ""))


@audit_app.command("list")
def list_events(
    context: typer.Context, project: ProjectName, limit: Limit = 50, as_json: AsJson = False
) -> None:
    """Audit events, the newest first."""
    columns: dict[str, str | show.Cell] = {
        "at": lambda item: show.moment(item["at"]),
        "who": "actor",
        "did": "action",
        "to": "subject",
        "details": lambda item: _details(item["details"]),
    }
    found = session_of(context).api("auditor").of(project, "audit", limit=limit)
    events = sorted(found, key=lambda event: str(event["at"]), reverse=True)
    show.listing(events, columns, as_json=as_json)


def _details(details: show.Json) -> str:
    """Digests by their first letters: enough to recognise them."""
    shown = {name: show.short(value) if name.endswith("digest") else value for name, value in details.items()}
    return ", ".join(f"{name}={value}" for name, value in shown.items() if value not in (None, "", False))


@audit_app.command("verify")
def verify(context: typer.Context, project: ProjectName, as_json: AsJson = False) -> None:
    """Recompute the chain over every event; fails when anything was changed or is gone."""
    found = session_of(context).api("auditor").audit_verification(project)
    if as_json:
        show.dump(found)
    elif found["holds"]:
        tail = f", {found['unsealed']} events not yet sealed" if found["unsealed"] else ""
        show.console().print(
            f"✓ the chain holds: {found['links']} links{tail}; head {show.short(found['head'])}"
        )
    if not found["holds"]:
        raise AnswerIsNo(f"the chain is broken at link {found['broken_at']}: {found['reason']}")
