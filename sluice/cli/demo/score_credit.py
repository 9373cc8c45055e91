"""One applicant, scored by both protocols, and how they landed on their score."""

import csv
from pathlib import Path

from rich.text import Text

from sluice.cli.demo.journal import Journal
from sluice.cli.demo.lifecycle import EXAMPLES
from sluice.cli.session import Session
from sluice.cli.story_card import story_card
from sluice.client.scoring import Row, infer, invoke, model_inputs

DATA = EXAMPLES / "credit" / "german_credit.csv"
_APPLICANTS = ("G0002", "G0013")
"""A bad and a good risk of the file."""


def score_applicants(journal: Journal, session: Session, project: str) -> None:
    """One by Open Inference Protocol, one by MLflow's; then the story of the first."""
    first, second = (_applicant(DATA, name) for name in _APPLICANTS)
    with session.transport("invoker") as transport:
        inputs = model_inputs(transport, project)
        scored = infer(transport, project, inputs, [first])
        answer = invoke(transport, project, "production", [{name: second[name] for name in inputs}])
    prediction_id = scored.prediction_ids[0]
    probability = dict(zip(scored.classes, scored.outputs["probability"][0], strict=True))
    label = scored.outputs["label"][0]
    _tell(
        journal,
        f"POST /v2/models/{project}/infer",
        f"label {label}, probability of 1: {probability['1']:.4f}",
    )
    _tell(
        journal, f"POST /endpoints/{project}/production/invocations", f"predictions {answer['predictions']}"
    )
    journal.explain("\nHow did the first applicant land on this score? One call:")
    _tell(journal, f"GET /sluice/v1/predictions/{prediction_id}", "")
    story = session.api("auditor").story(prediction_id)
    journal.print(story_card(story))
    journal.facts["prediction"] = {
        "prediction_id": prediction_id,
        "label": label,
        "probability": probability,
        "invocations": answer["predictions"],
        "reasons": [reason["text"] for reason in (story["explanation"] or {}).get("reasons", ())],
    }


def _tell(journal: Journal, request: str, answer: str) -> None:
    journal.print(Text(f"  {request}", style="cyan") + Text(f"  {answer}"))


def _applicant(file: Path, name: str) -> Row:
    """A row with numbers as numbers, as a caller has it."""
    with file.open(encoding="utf-8", newline="") as opened:
        row = next(row for row in csv.DictReader(opened) if row["applicant_id"] == name)
    return {column: int(value) if value.isdigit() else value for column, value in row.items()}
