"""A promotion: one model version on its way through the environments, and who decided what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sluice.domain.errors import Conflict, Forbidden, Reason
from sluice.domain.training import Stage

PromotionStatus = Literal[
    "running", "waiting_for_approval", "approved", "completed", "rejected", "expired", "failed"
]
Verdict = Literal["approve", "reject"]

FOUR_EYES = 2
OPEN: tuple[PromotionStatus, ...] = ("running", "waiting_for_approval", "approved")


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition that a model version must meet, and whether it does."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided, bound to the digests of what they were shown."""

    principal: str
    decision: Verdict
    comment: str
    at: str
    self_approval: bool
    model_digest: str
    report_digest: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """`approvals_required`: 0 promotes by itself, 1 a person, 2 four eyes: two people, of whom whoever asked
    is one where we know them (`requester_known`). `path`: environments in order.
    """

    promotion_id: str
    project: str
    model_version: int
    environment: str
    path: tuple[str, ...]
    status: PromotionStatus
    requested_by: str
    outcome: str
    model_digest: str
    report_digest: str
    approvals_required: int
    approval_hours: float
    strategy: str
    correlation_id: str
    requester_known: bool = True
    training_id: str | None = None
    stage: str | None = None
    attempt: int = 1
    gates: tuple[Gate, ...] = ()
    decisions: tuple[Decision, ...] = ()
    reasons: tuple[Reason, ...] = ()
    error: str | None = None
    expires_on: str | None = None
    task_token: str | None = None
    previous_version: int | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    created_at: str = ""
    updated_at: str = ""
    ended_at: str | None = None
    rev: int = 1


def decide(promotion: Promotion, decision: Decision) -> tuple[PromotionStatus, tuple[Decision, ...]]:
    """The status and decisions after one more decision; Conflict where it may not be taken.

    Forbidden where the requester approves what needs four eyes.
    """
    if obstacle := _obstacle(promotion, decision):
        raise Conflict(obstacle)
    decisions = (*promotion.decisions, decision)
    if decision.decision == "reject":
        return "rejected", decisions
    four_eyes = promotion.approvals_required == FOUR_EYES
    if four_eyes and decision.self_approval:
        raise Forbidden("this needs four eyes: whoever asked for it does not approve it")
    people = {each.principal for each in decisions if each.decision == "approve"}
    if four_eyes and promotion.requester_known:
        people.add(promotion.requested_by)
    return ("approved" if len(people) >= promotion.approvals_required else "waiting_for_approval"), decisions


def _obstacle(promotion: Promotion, decision: Decision) -> str | None:
    if promotion.status != "waiting_for_approval":
        return _why_closed(promotion)
    if promotion.expires_on is not None and decision.at >= promotion.expires_on:
        return f"the approval expired on {promotion.expires_on}"
    if any(earlier.principal == decision.principal for earlier in promotion.decisions):
        return f"{decision.principal} has decided already"
    if (decision.model_digest, decision.report_digest) != (promotion.model_digest, promotion.report_digest):
        return "the model or its report is not the one this promotion is about"
    return None


def _why_closed(promotion: Promotion) -> str:
    if promotion.decisions:
        last = promotion.decisions[-1]
        return f"already decided: {last.principal} chose to {last.decision} at {last.at}"
    return f"the promotion is {promotion.status} and does not wait for a decision"
