"""Ask for approval. The decision is a write on the record; the task token only wakes the workflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.promote_model.step import StepInput
from sluice.domain.clock import format_time
from sluice.domain.event import Event
from sluice.domain.promotion import Promotion
from sluice.stores.deployment import Deployment


def request_approval(deployment: Deployment, given: StepInput, promotion: Promotion) -> dict[str, Any]:
    """waiting; what was decided or ran out already wakes the workflow at once."""
    if promotion.status == "running":
        promotion = _ask(deployment, given, promotion)
    elif promotion.status == "waiting_for_approval":
        promotion = deployment.promotions.change(given.tenant, promotion, task_token=given.task_token)
    outcome = _settled(deployment, promotion)
    if outcome and given.task_token:
        deployment.promotion_workflow.wake(given.task_token, {"outcome": outcome})
    return {"outcome": outcome or "waiting"}


def _ask(deployment: Deployment, given: StepInput, promotion: Promotion) -> Promotion:
    expires = deployment.platform.clock() + timedelta(hours=promotion.approval_hours)
    waiting = deployment.promotions.end_stage(
        given.tenant,
        promotion,
        "request_approval",
        "waiting",
        status="waiting_for_approval",
        task_token=given.task_token,
        expires_on=format_time(expires),
    )
    data = {"promotion_id": promotion.promotion_id, "model_version": promotion.model_version}
    event = Event(
        "PromotionWaiting",
        given.tenant,
        promotion.project,
        promotion.correlation_id,
        promotion.promotion_id,
        data | {"environment": promotion.environment, "expires_on": waiting.expires_on},
    )
    deployment.events.publish(event)
    return waiting


def _settled(deployment: Deployment, promotion: Promotion) -> str | None:
    if promotion.status == "waiting_for_approval":
        expired = promotion.expires_on is not None and deployment.platform.now() >= promotion.expires_on
        return "expired" if expired else None
    return "approved" if promotion.status == "approved" else "rejected"
