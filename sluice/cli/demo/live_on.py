"""The marketing model lives on: later calls are scored in their order, their outcomes come back as labels."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from sluice.cli import show
from sluice.cli.demo.journal import Journal
from sluice.cli.demo.marketing_rows import LABEL
from sluice.cli.demo.waiting import wait_for
from sluice.cli.rows_file import in_batches
from sluice.cli.session import Session
from sluice.client.api import Api
from sluice.client.scoring import infer, model_inputs

_ROWS_A_REQUEST = 100
_LABELS_A_REQUEST = 500
_ACCOMPANYING = {"age": "INT64", "marital": "BYTES"}
"""Protected values travel with a request for monitoring; the model never sees them."""
PROJECT, ENVIRONMENT = "marketing", "production"

Calls = Sequence[dict[str, Any]]


def live_window(journal: Journal, session: Session, calls: Calls) -> show.Json:
    """Score these calls, send what became of them, and have the window judged; gives its report."""
    with journal.console.status(f"scoring {len(calls)} calls, {_ROWS_A_REQUEST} at a time"):
        labels = _score(session, calls)
        api = session.api("invoker")
        for batch in in_batches(labels, _LABELS_A_REQUEST):
            api.feedback(PROJECT, batch)
    report = _judge(session, len(calls))
    _tell(journal, report)
    return report


def _score(session: Session, calls: Calls) -> list[dict[str, Any]]:
    """The labels to send, by prediction id."""
    labels: list[dict[str, Any]] = []
    with session.transport("invoker") as transport:
        inputs = model_inputs(transport, PROJECT) | _ACCOMPANYING
        for batch in in_batches(calls, _ROWS_A_REQUEST):
            scored = infer(transport, PROJECT, inputs, batch)
            labels += [
                {"prediction_id": prediction_id, "label": call[LABEL]}
                for prediction_id, call in zip(scored.prediction_ids, batch, strict=True)
            ]
    return labels


def _judge(session: Session, rows: int) -> show.Json:
    """Wait until rows and labels are counted, then ask for the check that would come on schedule."""
    viewer, deployer = session.api("viewer"), session.api("deployer")
    known = {report["report_id"] for report in _reports(viewer)}

    def counted() -> bool | None:
        progress = viewer.drift_progress(PROJECT, ENVIRONMENT)
        return True if min(progress["rows_open"], progress["labels_open"]) >= rows else None

    wait_for("the ledger's stream carries rows and labels to the archive", counted)
    deployer.create(PROJECT, "drift", {"environment": ENVIRONMENT})

    def reported() -> show.Json | None:
        return next((report for report in _reports(viewer) if report["report_id"] not in known), None)

    return wait_for("the window is compared with what the model was trained on", reported)


def _reports(api: Api) -> list[show.Json]:
    return list(api.of(PROJECT, "drift", limit=20))


def _tell(journal: Journal, report: show.Json) -> None:
    window, sentences = report["window"], report["sentences"]
    alarm = report["level"] == "alarm"
    verdict = Text("drift alarm", style="red") if alarm else Text("no drift alarm", style="green")
    title = Text(f"window {window['number']}  ", style="bold") + verdict
    journal.print(
        title + Text(f"  {sentences[0].partition(': ')[2]}, {window['labels']:,} labels", style="dim")
    )
    for sentence in sentences[1:]:
        journal.print(Text(f"  · {sentence}"))
    journal.facts.setdefault("windows", []).append(
        {
            "report_id": report["report_id"],
            "number": window["number"],
            "rows": window["rows"],
            "level": report["level"],
            "alarms": report["inputs"]["alarms"],
            "prediction_psi": report["predictions"]["psi"],
            "quality": report["quality"]["verdict"],
            "retrain": report["policy"]["retrain"],
        }
    )
