"""A drift report, on one card."""

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluice.cli import show

_SHOWN_FEATURES = 12

REPORT_COLUMNS: dict[str, str | show.Cell] = {
    "report": "report_id",
    "environment": "environment",
    "model": "model_version",
    "window": lambda report: report["window"]["number"],
    "rows": lambda report: report["window"]["rows"],
    "drift": "level",
    "alarms": lambda report: ", ".join(report["inputs"]["alarms"]),
    "quality": lambda report: show.word(report["quality"]["verdict"]),
    "retrain": lambda report: "asked for" if report["policy"]["retrain"] else "",
    "closed": lambda report: show.moment(report["window"]["closed_at"]),
}


def drift_card(report: show.Json) -> Panel:
    """The sentences, every clause of the policy, and the features that moved most."""
    fields: list[tuple[str, object]] = [
        ("drift", report["level"]),
        ("", "\n".join(f"· {sentence}" for sentence in report["sentences"])),
        ("policy", _clauses(report["policy"])),
    ]
    return show.card(f"drift report {report['report_id']}", fields, _features(report))


def _clauses(policy: show.Json) -> Text:
    text = Text()
    for number, clause in enumerate(policy["clauses"]):
        text.append("\n" if number else "")
        text.append("✓ " if clause["holds"] else "· ", style="green" if clause["holds"] else "dim")
        text.append(f"{clause['name']}: {clause['evidence']}")
    return text


def _features(report: show.Json) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("column", "level", "PSI", "adjusted p", "missing", "new"):
        table.add_column(title, justify="left" if title in {"column", "level"} else "right")
    for column in [report["predictions"], *report["inputs"]["features"][:_SHOWN_FEATURES]]:
        shares = [f"{column[name]['window']:.1%}" for name in ("missing", "new")]
        table.add_row(
            column["name"],
            show.word(column["level"]),
            f"{column['psi']:.3f}",
            f"{column['p_adjusted']:.2g}",
            *shares,
        )
    return table
