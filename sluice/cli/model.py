"""Model versions: what moves one, and how."""

from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluice.cli import show
from sluice.cli.newest import newest
from sluice.cli.session import AsJson, ProjectName, session_of

app = typer.Typer(help="Look at model versions.")

_BAR = 24
_CURVES = 5


@app.command("card")
def show_card(
    context: typer.Context,
    project: ProjectName,
    version: Annotated[int, typer.Argument(help="The newest one if not given.")] = 0,
    as_json: AsJson = False,
) -> None:
    """A model card: verdict, what moves the model, how its answers depend on each feature, findings."""
    api = session_of(context).api("viewer")
    card = api.model_card(project, version or newest(api, project, "models")["version"])
    show.one(card, _card, as_json=as_json)


def _card(card: show.Json) -> Panel:
    fields = [
        ("outcome", card["outcome"]),
        ("verdict", card["verdict"].get("sentence")),
        ("task", f"{card['task']} of {card['target']}"),
        ("threshold", card["threshold"]),
        ("dataset", f"{card['dataset']['key']}\nsha256 {card['dataset']['sha256']}"),
        ("model digest", card["model_digest"]),
        ("serves in", ", ".join(card["promotions"])),
        ("findings", "\n".join(found["sentence"] for found in card["findings"])),
    ]
    title = f"{card['project']} version {card['version']}"
    return show.card(title, fields, _importance(card), _curves(card))


def _importance(card: show.Json) -> Table:
    table = Table.grid(padding=(0, 2))
    rows = card["rows"]["explained"]
    table.add_row(Text(f"\nwhat moves it (mean size, {card['unit']}, {rows} rows)", style="bold"))
    largest = max((entry["importance"] for entry in card["importance"]), default=0.0) or 1.0
    for entry in card["importance"]:
        bar = "█" * round(_BAR * entry["importance"] / largest)
        name = entry["feature"] + (" (protected)" if entry["protected"] else "")
        table.add_row(name, f"{entry['importance']:.4f}", Text(bar, style="cyan"))
    return table


def _curves(card: show.Json) -> Table:
    """The answer at the lowest and the highest point of each curve."""
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("\nmean answer over the background rows if all had this value", style="bold"))
    for curve in card["partial_dependence"][:_CURVES]:
        for name, answers in curve["answers"].items():
            points = sorted(zip(answers, curve["values"], strict=True), key=lambda point: point[0])
            (low, low_at), (high, high_at) = points[0], points[-1]
            table.add_row(
                curve["feature"],
                str(name),
                f"{low:.4g} at {_value(low_at)}",
                f"{high:.4g} at {_value(high_at)}",
            )
    return table


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
