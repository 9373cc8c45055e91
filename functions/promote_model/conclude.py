"""The last state of every promotion, however it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from functions.promote_model.step import StepInput
from sluice.domain.event import Event
from sluice.domain.promotion import OPEN, Promotion, PromotionStatus
from sluice.stores.deployment import Deployment
from sluice.workflows.announce import announce

_TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})


def conclude(deployment: Deployment, given: StepInput, promotion: Promotion) -> dict[str, Any]:
    """completed, rejected, expired or failed; a promotion that has ended keeps what it is."""
    status = _status(deployment, promotion, given.error)
    error = _text(given.error) if status == "failed" else None
    _tell(deployment, given.tenant, replace(promotion, status=status))
    changes = {"error": error} if error else {}
    ended = deployment.promotions.conclude(given.tenant, promotion, status=status, **changes)
    return {"outcome": ended.status}


def _status(deployment: Deployment, promotion: Promotion, error: Mapping[str, Any] | None) -> PromotionStatus:
    if promotion.status not in OPEN:
        return promotion.status
    if _outcome(promotion, "roll_out") == "rolled_out":
        return "completed"
    if promotion.status == "waiting_for_approval" and _ran_out(deployment, promotion, error):
        return "expired"
    return "failed" if error else "rejected"


def _ran_out(deployment: Deployment, promotion: Promotion, error: Mapping[str, Any] | None) -> bool:
    timed_out = bool(error) and (error or {}).get("Error") in _TIMEOUTS
    return timed_out or deployment.platform.now() >= (promotion.expires_on or "")


def _outcome(promotion: Promotion, stage: str) -> str | None:
    done = promotion.stages.get(stage)
    return done.outcome if done else None


def _text(error: Mapping[str, Any] | None) -> str:
    return f"{(error or {}).get('Error')}: {(error or {}).get('Cause')}"[:2_000]


def _tell(deployment: Deployment, tenant: str, promotion: Promotion) -> None:
    facts = {
        "status": promotion.status,
        "model_version": promotion.model_version,
        "environment": promotion.environment,
        "model_digest": promotion.model_digest,
        "report_digest": promotion.report_digest,
    }
    promotion_id, data = promotion.promotion_id, {"promotion_id": promotion.promotion_id, **facts}
    announce(
        deployment,
        Event("PromotionConcluded", tenant, promotion.project, promotion.correlation_id, promotion_id, data),
        action=f"promotion.{promotion.status}",
        subject=f"promotion:{promotion_id}",
        details=facts,
        event_id=f"{promotion_id}.concluded",
    )
