"""One training at a time a project: claim the next in the queue and start its workflow."""

from __future__ import annotations

from sluice.domain.clock import parse_time
from sluice.domain.ids import run_id_of
from sluice.domain.training import Training
from sluice.stores.deployment import Deployment


def dispatch(deployment: Deployment, tenant: str, project: str) -> Training | None:
    """Start the project's next training unless one runs. A crash after the claim is mended by `restart`."""
    training = deployment.trainings.claim_next(tenant, project)
    return begin(deployment, tenant, training) if training else None


def restart(deployment: Deployment, tenant: str, training: Training) -> Training:
    """Start a claimed training's next attempt; its states find what earlier attempts left."""
    claimed = deployment.trainings.change(tenant, training, attempt=training.attempt + 1)
    return begin(deployment, tenant, claimed)


def begin(deployment: Deployment, tenant: str, training: Training) -> Training:
    """The training's MLflow run, then its workflow."""
    started = _with_run(deployment, tenant, training)
    deployment.training_workflow.start(
        tenant=tenant,
        project=started.project,
        kind="training",
        record_id=started.training_id,
        attempt=started.attempt,
    )
    return started


def _with_run(deployment: Deployment, tenant: str, training: Training) -> Training:
    run_id = run_id_of(training.training_id)
    experiment_id = deployment.tracking.ensure_experiment(tenant, training.project)
    deployment.tracking.create_run(
        tenant,
        experiment_id,
        run_id=run_id,
        name=training.training_id,
        user_id=training.requested_by,
        start_time=int(parse_time(training.created_at).timestamp() * 1000),
        tags={
            "sluice.project": training.project,
            "sluice.training_id": training.training_id,
            "sluice.cause": training.cause,
            "sluice.correlation_id": training.correlation_id,
        },
    )
    return deployment.trainings.change(tenant, training, run_id=run_id, experiment_id=experiment_id)
