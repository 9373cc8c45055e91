"""Records that are not at their end and that no execution moves: start their next attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from sluice.domain.batch import OPEN, Batch
from sluice.domain.clock import parse_time
from sluice.domain.errors import Conflict
from sluice.domain.promotion import Promotion
from sluice.domain.training import Training
from sluice.stores.deployment import Deployment
from sluice.web.observability import LogKey, logger
from sluice.workflows.batches import begin, settle
from sluice.workflows.batches import restart as restart_batch
from sluice.workflows.dispatch import dispatch, restart
from sluice.workflows.open_promotion import start_promotion

Record = TypeVar("Record", Training, Promotion, Batch)

FILE_WAIT = timedelta(hours=1)
"""Longer than the link to put it to is good for, and any upload may take."""
MAXIMUM_ATTEMPTS = 10
"""A record that fails to move this often is ended as failed: it would go round for ever."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Ids of the records that were moved, and of those that could not be: the log says why."""

    moved: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def resume_trainings(deployment: Deployment, tenant: str) -> Resumed:
    trainings = deployment.trainings.open(tenant)
    return _each(
        trainings, lambda each: each.training_id, lambda each: _resume_training(deployment, tenant, each)
    )


def resume_promotions(deployment: Deployment, tenant: str) -> Resumed:
    """One that waited waits again, one that was decided goes on."""
    promotions = deployment.promotions.open(tenant)
    return _each(
        promotions, lambda each: each.promotion_id, lambda each: _resume_promotion(deployment, tenant, each)
    )


def resume_batches(deployment: Deployment, tenant: str) -> Resumed:
    """Parts that are done stay done; a file whose event was lost is found where it was to be put."""
    batches = deployment.batches.open(tenant)
    return _each(batches, lambda each: each.batch_id, lambda each: _resume_batch(deployment, tenant, each))


def _each(
    records: Iterable[Record], name: Callable[[Record], str], move: Callable[[Record], bool]
) -> Resumed:
    """A record that cannot be moved keeps none of the others from it."""
    resumed = Resumed()
    for record in records:
        try:
            if move(record):
                resumed.moved.append(name(record))
        except Conflict:
            continue  # somebody else moved it meanwhile
        except Exception:  # noqa: BLE001 - whatever is wrong with one record, the others have to move
            logger().exception(LogKey.UNFORESEEN, record_id=name(record))
            resumed.failed.append(name(record))
    return resumed


def _resume_training(deployment: Deployment, tenant: str, training: Training) -> bool:
    if training.status == "queued":
        return dispatch(deployment, tenant, training.project) is not None
    if deployment.training_workflow.is_running(training.training_id, training.attempt):
        return False
    if training.attempt >= MAXIMUM_ATTEMPTS:
        error = f"gave up after {training.attempt} attempts"
        ended = deployment.trainings.conclude(tenant, training, status="failed", error=error)
        deployment.trainings.release(tenant, ended)
        dispatch(deployment, tenant, training.project)
        return True
    restart(deployment, tenant, training)
    return True


def _resume_promotion(deployment: Deployment, tenant: str, promotion: Promotion) -> bool:
    waits = promotion.status == "waiting_for_approval"
    if deployment.promotion_workflow.is_running(promotion.promotion_id, promotion.attempt):
        return not waits and _wake(deployment, promotion)
    if promotion.attempt >= MAXIMUM_ATTEMPTS and not waits:
        error = f"gave up after {promotion.attempt} attempts"
        deployment.promotions.conclude(tenant, promotion, status="failed", error=error)
        return True
    again = deployment.promotions.next_attempt(tenant, promotion)
    start_promotion(deployment, tenant, again)
    return True


def _wake(deployment: Deployment, promotion: Promotion) -> bool:
    """Whoever decided could not tell the workflow: it is told now."""
    if promotion.task_token is None or promotion.stage != "request_approval":
        return False
    return deployment.promotion_workflow.wake(promotion.task_token, {"outcome": promotion.status})


def _resume_batch(deployment: Deployment, tenant: str, batch: Batch) -> bool:
    if batch.status == "waiting":
        return _find_file(deployment, tenant, batch)
    if deployment.batch_workflow.is_running(batch.batch_id, batch.attempt):
        return False
    if batch.attempt >= MAXIMUM_ATTEMPTS:
        if batch.status in OPEN:
            error = f"gave up after {batch.attempt} attempts"
            settle(deployment, tenant, deployment.batches.end(tenant, batch, "failed", error=error))
        else:  # it could not be told of either
            deployment.batches.close(tenant, batch)
        return True
    restart_batch(deployment, tenant, batch)
    return True


def _find_file(deployment: Deployment, tenant: str, batch: Batch) -> bool:
    """Begin where the file has come; give up the wait for one whose link is long over."""
    versions = deployment.artefacts.versions("data", batch.key)
    if versions:
        begin(deployment, tenant, batch, batch.version_id or versions[-1])
        return True
    age = deployment.platform.clock() - parse_time(batch.created_at)
    if age < FILE_WAIT:
        return False
    ended = deployment.batches.end(tenant, batch, "cancelled", error="the file never came")
    settle(deployment, tenant, ended)
    return True
