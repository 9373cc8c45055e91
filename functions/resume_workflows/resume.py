"""Records that are not at their end and that no execution moves: start their next attempt."""

from __future__ import annotations

from sluice.domain.errors import Conflict
from sluice.domain.promotion import Promotion
from sluice.domain.training import Training
from sluice.stores.deployment import Deployment
from sluice.workflows.dispatch import dispatch, restart
from sluice.workflows.open_promotion import start_promotion

MAXIMUM_ATTEMPTS = 10
"""A record that fails to move this often is ended as failed: it would go round for ever."""


def resume_trainings(deployment: Deployment, tenant: str) -> list[str]:
    """Ids of the trainings that were moved."""
    moved = []
    for training in deployment.trainings.open(tenant):
        try:
            if _resume_training(deployment, tenant, training):
                moved.append(training.training_id)
        except Conflict:
            continue  # somebody else moved it meanwhile
    return moved


def _resume_training(deployment: Deployment, tenant: str, training: Training) -> bool:
    if training.status == "queued":
        return dispatch(deployment, tenant, training.project) is not None
    if deployment.training_workflow.is_running(training.training_id, training.attempt):
        return False
    if training.attempt >= MAXIMUM_ATTEMPTS:
        ended = deployment.trainings.conclude(
            tenant, training, status="failed", error=f"gave up after {training.attempt} attempts"
        )
        deployment.trainings.release(tenant, ended)
        dispatch(deployment, tenant, training.project)
        return True
    restart(deployment, tenant, training)
    return True


def resume_promotions(deployment: Deployment, tenant: str) -> list[str]:
    """Ids of the promotions that were moved: one that waited waits again, one that was decided goes on."""
    moved = []
    for promotion in deployment.promotions.open(tenant):
        try:
            if _resume_promotion(deployment, tenant, promotion):
                moved.append(promotion.promotion_id)
        except Conflict:
            continue
    return moved


def _resume_promotion(deployment: Deployment, tenant: str, promotion: Promotion) -> bool:
    if deployment.promotion_workflow.is_running(promotion.promotion_id, promotion.attempt):
        return False
    if promotion.attempt >= MAXIMUM_ATTEMPTS and promotion.status != "waiting_for_approval":
        error = f"gave up after {promotion.attempt} attempts"
        deployment.promotions.conclude(tenant, promotion, status="failed", error=error)
        return True
    again = deployment.promotions.change(tenant, promotion, attempt=promotion.attempt + 1)
    start_promotion(deployment, tenant, again)
    return True
