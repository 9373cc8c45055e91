"""End a training: status, MLflow run, audit, event, and the place it held in the queue."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sluice.domain.errors import NotFound
from sluice.domain.event import Event
from sluice.domain.tracking.entities import EVALUATION_TAG
from sluice.domain.training import OPEN, Training, TrainingStatus
from sluice.stores.deployment import Deployment
from sluice.workflows.announce import announce
from sluice.workflows.isolated_results import collect_isolated

_CAUSE_LENGTH = 2_000


def conclude(
    deployment: Deployment, tenant: str, project: str, training_id: str, error: Mapping[str, Any] | None
) -> Training:
    """The ended training; one that has ended already keeps its status and only frees what it still holds.

    The record ends last: a crash before that leaves it open, and it is concluded again.
    """
    training = deployment.trainings.get(tenant, project, training_id)
    if training.status in OPEN:
        training = collect_isolated(deployment, tenant, training)
        ending = replace(training, status=_status(training, error), error=_text(error))
        _close_run(deployment, tenant, ending)
        _tag_version(deployment, tenant, ending)
        _tell(deployment, tenant, ending)
        training = deployment.trainings.conclude(tenant, training, status=ending.status, error=ending.error)
    deployment.trainings.release(tenant, training)
    return training


def _status(training: Training, error: Mapping[str, Any] | None) -> TrainingStatus:
    if error:
        return "failed"
    return "succeeded" if training.model_version is not None else "rejected"


def _text(error: Mapping[str, Any] | None) -> str | None:
    if not error:
        return None
    return f"{error.get('Error', 'Error')}: {error.get('Cause', '')}"[:_CAUSE_LENGTH]


def _close_run(deployment: Deployment, tenant: str, training: Training) -> None:
    if training.run_id is None:
        return
    status = "FINISHED" if training.status == "succeeded" else "FAILED"
    deployment.tracking.log_batch(tenant, training.run_id, tags=_tags(training))
    end_time = int(deployment.platform.clock().timestamp() * 1000)
    deployment.tracking.update_run(tenant, training.run_id, status=status, end_time=end_time)


def _tag_version(deployment: Deployment, tenant: str, training: Training) -> None:
    """Whoever registered the model sees there what became of it."""
    if training.given is None:
        return
    tags = {EVALUATION_TAG: training.outcome or training.status, **_tags(training)}
    with suppress(NotFound):  # deleted meanwhile
        deployment.tracking.versions.tag(tenant, training.project, training.given.version, tags)


def _tags(training: Training) -> dict[str, str]:
    reasons = "; ".join(f"{reason.path}: {reason.message}" for reason in training.reasons)
    told = {
        "sluice.status": training.status,
        "sluice.outcome": training.outcome,
        "sluice.reasons": reasons[:5_000],
        "sluice.error": training.error,
    }
    return {name: value for name, value in told.items() if value}


def _tell(deployment: Deployment, tenant: str, training: Training) -> None:
    told = {"training_id": training.training_id, "status": training.status, "outcome": training.outcome}
    data = told | {"model_version": training.model_version}
    event = Event(
        "TrainingConcluded", tenant, training.project, training.correlation_id, training.training_id, data
    )
    announce(
        deployment,
        event,
        action=f"training.{training.status}",
        subject=f"training:{training.training_id}",
        details={
            "outcome": training.outcome,
            "model_version": training.model_version,
            "identity": training.identity,
            "requested_by": training.requested_by,
            "authenticated": training.authenticated,
            "cause": training.cause,
        },
        event_id=f"{training.training_id}.concluded",
    )
