"""What the isolated states found, brought into the training's record by the next state that reaches it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sluice.domain.errors import NotFound
from sluice.domain.training import Stage, Training
from sluice.domain.training_files import ISOLATED_STAGES, IsolatedStage, key_of, result_of
from sluice.project.training_job import IsolatedResult
from sluice.stores.deployment import Deployment


def collect_isolated(deployment: Deployment, tenant: str, training: Training) -> Training:
    """The training with the results of this attempt's isolated states; once each."""
    for stage in ISOLATED_STAGES:
        known = training.details.get(f"{stage}_attempt")
        result = None if known == training.attempt else _result(deployment, tenant, training, stage)
        if result:
            training = _noted(deployment, tenant, training, stage, result)
    return training


def _result(
    deployment: Deployment, tenant: str, training: Training, stage: IsolatedStage
) -> IsolatedResult | None:
    key = key_of(tenant, training.project, training.training_id, result_of(stage, training.attempt))
    try:
        return IsolatedResult.parse(b"".join(deployment.artefacts.stream("data", key, "")))
    except NotFound:
        return None


def _noted(
    deployment: Deployment, tenant: str, training: Training, stage: IsolatedStage, result: IsolatedResult
) -> Training:
    stages = {**training.stages, stage: Stage(result.started_at)}
    rejected: dict[str, Any] = {"outcome": "rejected"} if result.outcome == "rejected" else {}
    return deployment.trainings.end_stage(
        tenant,
        replace(training, stages=stages),
        stage,
        result.outcome,
        artefacts=result.artefacts,
        details={**result.details, f"{stage}_attempt": training.attempt},
        reasons=result.reasons,
        ended_at=result.ended_at,
        **rejected,
    )
