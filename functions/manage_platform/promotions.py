"""Promotions: asked for, shown to whoever decides, decided."""

from __future__ import annotations

from typing import Annotated, Literal

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field, StringConstraints

from functions.manage_platform.routes import Body, Call, Json, Route, accepting, listed, shown
from sluice.domain.promotion import Decision, Promotion
from sluice.web.observability import LogKey, logger
from sluice.workflows.open_promotion import PromotionRequest, open_promotion


class RequestPromotion(Body):
    """Without an environment: to the last one of the project's path."""

    version: int = Field(ge=1)
    environment: str | None = None


class Decide(Body):
    """`model_digest` and `report_digest`: what the approver was shown; wrong ones are refused."""

    decision: Literal["approve", "reject"]
    comment: Annotated[str, StringConstraints(max_length=2000)] = ""
    model_digest: str | None = None
    report_digest: str | None = None


def request(call: Call, body: RequestPromotion) -> Json:
    """The promotion that is open for this version and environment, opened if there is none."""
    wanted = PromotionRequest(
        call.project, body.version, call.caller.principal, call.correlation_id, body.environment
    )
    promotion = open_promotion(call.platform, call.tenant, wanted)
    call.record(
        call.project,
        "promotion.request",
        f"promotion:{promotion.promotion_id}",
        version=promotion.model_version,
        environment=promotion.environment,
    )
    return _shown(promotion)


def show(call: Call) -> Json:
    return _shown(call.platform.promotions.get(call.tenant, call.project, call.path["promotion_id"]))


def decide(call: Call, body: Decide) -> Json:
    """One person's decision. Conflict when it comes twice or too late; what was decided is then said."""
    promotion = call.platform.promotions.get(call.tenant, call.project, call.path["promotion_id"])
    decision = Decision(
        principal=call.caller.principal,
        decision=body.decision,
        comment=body.comment,
        at=call.platform.records.now(),
        self_approval=call.caller.principal == promotion.requested_by,
        model_digest=body.model_digest or promotion.model_digest,
        report_digest=body.report_digest or promotion.report_digest,
    )
    decided = call.platform.promotions.decide(call.tenant, call.project, promotion.promotion_id, decision)
    call.record(
        call.project,
        f"promotion.{body.decision}",
        f"promotion:{promotion.promotion_id}",
        self_approval=decision.self_approval,
        model_digest=decision.model_digest,
        report_digest=decision.report_digest,
        status=decided.status,
    )
    _wake(call, decided)
    return _shown(decided)


def _wake(call: Call, promotion: Promotion) -> None:
    """Tell the workflow that waits. If it cannot hear, `resume_workflows` finds the record."""
    if promotion.status == "waiting_for_approval" or promotion.task_token is None:
        return
    try:
        call.platform.promotion_workflow.wake(promotion.task_token, {"outcome": promotion.status})
    except (ClientError, BotoCoreError):
        logger().warning(LogKey.WAKE_FAILED, promotion_id=promotion.promotion_id, exc_info=True)


def _shown(promotion: Promotion) -> Json:
    """Without the task token: who has it could wake the workflow."""
    return shown(promotion, "task_token")


_ONE = "/projects/{project}/promotions/{promotion_id}"
ROUTES = (
    Route(
        "POST",
        "/projects/{project}/promotions",
        "promotion.request",
        "Bring a model version towards an environment",
        accepting(RequestPromotion, request),
        answer=Promotion,
        body=RequestPromotion,
        status=201,
    ),
    Route(
        "GET",
        "/projects/{project}/promotions",
        "promotion.read",
        "Promotions, the newest first",
        listed("promotions", lambda platform: platform.promotions.page, Promotion, _shown),
        answer=Promotion,
        paged=True,
    ),
    Route(
        "GET",
        _ONE,
        "promotion.read",
        "A promotion: what an approver must know, and who decided what",
        show,
        answer=Promotion,
    ),
    Route(
        "POST",
        f"{_ONE}/decisions",
        "promotion.decide",
        "Approve or reject",
        accepting(Decide, decide),
        answer=Promotion,
        body=Decide,
    ),
)
