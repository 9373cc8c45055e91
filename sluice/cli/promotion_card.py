"""A promotion as whoever decides it sees it."""

from rich.panel import Panel
from rich.text import Text

from sluice.cli import show


def promotion_card(promotion: show.Json) -> Panel:
    """Digests, verdict, gates, who asked, until when, and who decided what."""
    fields: list[tuple[str, object]] = [
        ("model", f"{promotion['project']} version {promotion['model_version']}"),
        ("to", " → ".join(promotion["path"])),
        ("status", promotion["status"]),
        ("evaluated as", promotion["outcome"]),
        *_verdict(promotion["verdict"]),
        ("gates", _gates(promotion["gates"])),
        ("serving", _serving(promotion["details"].get("smoke_test"))),
        ("model digest", promotion["model_digest"]),
        ("report digest", promotion["report_digest"]),
        ("asked for by", promotion["requested_by"]),
        ("approvals", f"{promotion['approvals_required']} needed"),
        ("expires", f"{show.moment(promotion['expires_on'])} UTC" if promotion["expires_on"] else ""),
        ("decided", "\n".join(_decision(each) for each in promotion["decisions"])),
        ("error", promotion.get("error")),
    ]
    below = [show.reasons(promotion["reasons"])] if promotion["reasons"] else []
    return show.card(f"promotion {promotion['promotion_id']}", fields, *below)


def _verdict(verdict: show.Json) -> list[tuple[str, object]]:
    found = [str(sentence) for sentence in verdict.get("sentences") or [verdict.get("sentence")] if sentence]
    # The first one tells the deciding number; the sentence of that metric would tell it again.
    sentences = [
        each for place, each in enumerate(found) if not any(each in other for other in found[:place])
    ]
    return [("verdict", "\n".join(f"· {sentence}" for sentence in sentences))]


def _gates(gates: list[show.Json]) -> Text:
    text = Text()
    for number, gate in enumerate(gates):
        text.append("\n" if number else "")
        text.append("✓ " if gate["passed"] else "✗ ", style="green" if gate["passed"] else "red")
        text.append(f"{gate['name']}: {gate['detail']}")
    return text


def _serving(smoke_test: show.Json | None) -> str:
    """What the smoke test measured."""
    if not smoke_test or "load_bytes" not in smoke_test:
        return ""
    load = f"{smoke_test['load_milliseconds']:.0f} ms and {smoke_test['load_bytes'] / 1e6:.1f} MB to load"
    return f"{smoke_test['milliseconds']:.2f} ms a row, {load}"


def _decision(decision: show.Json) -> str:
    own = ", who asked for it too" if decision["self_approval"] else ""
    comment = f": {decision['comment']}" if decision["comment"] else ""
    when = show.moment(decision["at"])
    return f"{decision['decision']} by {decision['principal']}{own} at {when}{comment}"
