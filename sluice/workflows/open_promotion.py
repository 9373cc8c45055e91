"""Open a promotion for a model version and start its workflow."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.domain.errors import Conflict, Invalid, Reason
from sluice.domain.model import ModelVersion
from sluice.domain.promotion import FOUR_EYES, Promotion
from sluice.project.promotion import Promotion as PromotionPolicy
from sluice.project.schema import stored_project
from sluice.stores.deployment import Deployment

ELIGIBLE = frozenset({"first", "better", "non_inferior", "inconclusive"})
_APPROVALS = {"auto": 0, "one": 1, "four_eyes": FOUR_EYES}


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """Who wants which version where; `environment` None is the last of the project's path."""

    project: str
    version: int
    requested_by: str
    correlation_id: str
    environment: str | None = None
    requester_known: bool = True


def open_promotion(deployment: Deployment, tenant: str, request: PromotionRequest) -> Promotion:
    """The promotion that is open for this version and environment, made if there is none.

    Conflict for a version whose evaluation forbids it, Invalid for an environment the project lacks.
    """
    model = deployment.models.get(tenant, request.project, request.version)
    if model.outcome not in ELIGIBLE:
        raise Conflict(f"version {model.version} was evaluated as {model.outcome}: it cannot be promoted")
    version = deployment.projects.version(tenant, request.project, model.project_version)
    policy = stored_project(version.document).promotion
    opened = deployment.promotions.open_new(
        tenant, _promotion(deployment.platform.new_id(), model, policy, request)
    )
    start_promotion(deployment, tenant, opened)
    return opened


def start_promotion(deployment: Deployment, tenant: str, promotion: Promotion) -> None:
    deployment.promotion_workflow.start(
        tenant=tenant,
        project=promotion.project,
        kind="promotion",
        record_id=promotion.promotion_id,
        attempt=promotion.attempt,
    )


def _promotion(
    promotion_id: str, model: ModelVersion, policy: PromotionPolicy, request: PromotionRequest
) -> Promotion:
    path = _path(policy, request.environment)
    steps = [policy.environment(name) for name in path]
    needed = max(_APPROVALS[step.approval] for step in steps)
    return Promotion(
        promotion_id=promotion_id,
        project=model.project,
        model_version=model.version,
        environment=path[-1],
        path=path,
        status="running",
        requested_by=request.requested_by,
        requester_known=request.requester_known,
        outcome=model.outcome,
        model_digest=model.model_digest,
        report_digest=model.report_digest,
        approvals_required=0 if model.outcome in policy.automatic_outcomes else needed,
        approval_hours=steps[-1].expires_hours,
        strategy=policy.strategy,
        correlation_id=request.correlation_id,
        training_id=model.training_id,
        verdict=model.verdict,
    )


def _path(policy: PromotionPolicy, environment: str | None) -> tuple[str, ...]:
    names = tuple(each.name for each in policy.environments)
    if environment is None:
        return names
    if environment not in names:
        expected = ", ".join(names)
        raise Invalid(
            "no such environment", [Reason("environment", "unknown environment", environment, expected)]
        )
    return names[: names.index(environment) + 1]
