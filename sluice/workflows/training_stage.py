"""What every state of a training does around its work: read the record, note what it found, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid, Reason
from sluice.domain.training import Training
from sluice.project.schema import ProjectSpec, stored_project
from sluice.stores.deployment import Deployment
from sluice.workflows.isolated_results import collect_isolated


@dataclass(frozen=True, slots=True)
class StageInput:
    """The ids that travel through the state machine."""

    tenant: str
    project: str
    training_id: str
    attempt: int

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> StageInput:
        return cls(event["tenant"], event["project"], event["training_id"], int(event["attempt"]))


@dataclass(frozen=True, slots=True)
class Found:
    """What a state adds to the record. `changes` are fields of the training."""

    outcome: str
    artefacts: Mapping[str, ArtefactRef] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    reasons: Sequence[Reason] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


Work = Callable[[Deployment, str, Training], Found]


def run_stage(deployment: Deployment, given: StageInput, stage: str, work: Work) -> dict[str, str]:
    """Do the work once; a state that has ended answers what it answered. `Invalid` is a rejection."""
    training = deployment.trainings.get(given.tenant, given.project, given.training_id)
    done = training.stages.get(stage)
    if done and done.outcome:
        return {"outcome": done.outcome}
    training = collect_isolated(deployment, given.tenant, training)
    training = deployment.trainings.begin_stage(given.tenant, training, stage)
    try:
        found = work(deployment, given.tenant, training)
    except Invalid as refused:
        found = Found("rejected", reasons=refused.reasons or (Reason(stage, str(refused)),))
    rejected = {"outcome": "rejected"} if found.outcome == "rejected" else {}
    deployment.trainings.end_stage(
        given.tenant,
        training,
        stage,
        found.outcome,
        artefacts=found.artefacts,
        metrics=found.metrics,
        details=found.details,
        reasons=found.reasons,
        **{**rejected, **found.changes},
    )
    return {"outcome": found.outcome}


def spec_of(deployment: Deployment, tenant: str, training: Training) -> ProjectSpec:
    """The version of project.yaml that this training was made with."""
    version = deployment.projects.version(tenant, training.project, training.project_version)
    return stored_project(version.document)
