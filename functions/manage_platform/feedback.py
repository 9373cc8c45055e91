"""Feedback: the truth about predictions, whenever it is known."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, shown
from sluice.domain.predictions import Rejected


class Label(Body):
    """`label`: a class as the model spells it, or for a regression the value."""

    prediction_id: str = Field(max_length=200)
    label: str | float | int


class SendFeedback(Body):
    items: list[Label] = Field(min_length=1, max_length=1000)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many labels were taken, and which were not, and why."""

    accepted: int
    rejected: tuple[Rejected, ...]


def send(call: Call, body: SendFeedback) -> Json:
    """Take every label that fits; the others are named with their reason, and nothing is lost."""
    labels = [(item.prediction_id, item.label) for item in body.items]
    taken = call.platform.feedback.put(call.tenant, call.project, labels, principal=call.caller.principal)
    call.record(
        call.project,
        "feedback.send",
        f"project:{call.project}",
        accepted=taken.accepted,
        rejected=len(taken.rejected),
    )
    return shown(taken)


ROUTES = (
    Route(
        "POST",
        "/projects/{project}/feedback",
        "feedback.send",
        "Labels for predictions",
        accepting(SendFeedback, send),
        answer=Taken,
        body=SendFeedback,
    ),
)
