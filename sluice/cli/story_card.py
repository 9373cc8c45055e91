"""The story of a prediction, on one card."""

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluice.cli import show

_SHOWN_CONTRIBUTIONS = 8
_BAR = 16


def story_card(story: show.Json) -> Panel:
    """Output, model, data, code, approval; then contributions and principal reasons where there are any."""
    model, dataset, approval = story["model"], story["dataset"], story["approval"]
    fields: list[tuple[str, object]] = [
        ("answer", _answer(story)),
        (
            "scored",
            f"{show.moment(story['at'])} UTC in {story['environment']} for {story['request']['principal']}",
        ),
        ("model", f"{model['name']} version {model['version']} ({model['outcome']}), run {model['run_id']}"),
        ("model digest", model["digest"]),
        ("dataset", f"{dataset['key']}\nversion {dataset['version_id']}\nsha256 {dataset['sha256']}"),
        ("code", story["code_digest"]),
        ("project.yaml", f"version {story['project_version']} ({show.short(story['project_digest'])})"),
        ("approved", _approved(approval)),
        ("forgotten", ", ".join(story["forgotten"]) or None),
        ("not explained", story.get("unexplained")),
        ("turned out", (story["feedback"] or {}).get("label")),
    ]
    explanation, flips = story["explanation"], story.get("counterfactuals")
    below = [_contributions(explanation), _reasons(explanation)] if explanation else []
    if flips:
        below.append(_counterfactuals(flips))
    return show.card(f"prediction {story['prediction_id']}", fields, *below)


def _answer(story: show.Json) -> Text:
    output = story["output"]
    if "value" in output:
        return Text(f"{output['value']:.6g}", style="bold")
    probabilities = ", ".join(f"{name}: {value:.4f}" for name, value in output["probability"].items())
    threshold = f", threshold {story['threshold']:.4g}" if story["threshold"] is not None else ""
    return Text(output["label"], style="bold") + Text(f"  ({probabilities}{threshold})", style="")


def _approved(approval: show.Json) -> str:
    if approval["status"] == "exported":
        return "by nobody: the version was exported without a promotion"
    by = [f"by {each['principal']} at {show.moment(each['at'])} UTC" for each in approval["decisions"]]
    return "\n".join(by) or f"by policy, asked for by {approval['requested_by']}"


def _contributions(explanation: show.Json) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify)
    table.add_row(Text(f"\nwhat moved it ({explanation['unit']})", style="bold"))
    table.add_row("base", "", f"{explanation['base']:+.3f}", "")
    found = explanation["contributions"]
    largest = max((abs(each["contribution"]) for each in found), default=0.0) or 1.0
    for each in found[:_SHOWN_CONTRIBUTIONS]:
        table.add_row(
            each["feature"], _said(each["value"]), f"{each['contribution']:+.3f}", _bar(each, largest)
        )
    rest = sum(each["contribution"] for each in found[_SHOWN_CONTRIBUTIONS:])
    if len(found) > _SHOWN_CONTRIBUTIONS:
        table.add_row(f"{len(found) - _SHOWN_CONTRIBUTIONS} others", "", f"{rest:+.3f}", "")
    if explanation["withheld"]:
        table.add_row("protected attributes", "", f"{explanation['withheld']:+.3f}", "")
    table.add_row("sum", "", Text(f"{explanation['output']:+.3f}", style="bold"), "")
    return table


def _said(value: object) -> str:
    """As people write it: numbers are on record as doubles."""
    if value is None:
        return "missing"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _bar(each: show.Json, largest: float) -> Text:
    length = max(1, round(_BAR * abs(each["contribution"]) / largest))
    return Text("█" * length, style="red" if each["contribution"] > 0 else "green")


def _reasons(explanation: show.Json) -> Table:
    table = Table.grid(padding=(0, 1))
    if explanation["reasons"]:
        table.add_row(Text("\nprincipal adverse reasons", style="bold"))
    for number, reason in enumerate(explanation["reasons"], start=1):
        table.add_row(f"{number}. {reason['text']}")
    if explanation["protected_ranked"]:
        table.add_row(Text("! a protected attribute would rank among the reasons", style="yellow"))
    return table


def _counterfactuals(found: show.Json) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_row(Text("\nwhat would have changed the decision", style="bold"))
    for number, each in enumerate(found["found"], start=1):
        changes = ", ".join(
            f"{one['feature']} {_said(one['was'])} → {_said(one['to'])}" for one in each["changes"]
        )
        table.add_row(f"{number}. {changes}: {each['label']} ({each['probability']:.4f})")
    if found["reason"]:
        table.add_row(found["reason"])
    return table
