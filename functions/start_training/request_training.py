"""A training that somebody or the monitoring asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.start_training.queue_training import Order, queue_training
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.training import Cause, GivenModel
from sluice.stores.deployment import Deployment


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """`dataset` None is the last one accepted; without a training id the event's own is taken."""

    project: str
    training_id: str
    requested_by: str
    authenticated: bool
    cause: Cause
    correlation_id: str
    sequencer: str
    forced: bool
    dataset: ArtefactRef | None
    split_override: Mapping[str, Any] | None
    given: GivenModel | None = None

    @classmethod
    def from_event(cls, detail: Mapping[str, Any]) -> TrainingRequest:
        data = detail["data"]
        return cls(
            project=detail["project"],
            training_id=data.get("training_id", detail["id"]),
            requested_by=data.get("requested_by", "sluice"),
            authenticated=True,
            cause="drift" if detail["type"] == "DatasetAssembled" else data.get("cause", "request"),
            correlation_id=detail["correlation_id"],
            sequencer=sequencer_of(detail["id"]),
            forced=bool(data.get("forced", False)),
            dataset=ArtefactRef(**data["dataset"]) if data.get("dataset") else None,
            split_override=data.get("split_override"),
            given=GivenModel(**data["given"]) if data.get("given") else None,
        )


def request_training(deployment: Deployment, tenant: str, request: TrainingRequest) -> str:
    """queued, `duplicate_of:{id}`, or `no_dataset` where nothing was accepted yet."""
    project = deployment.projects.get(tenant, request.project)
    dataset = request.dataset or project.dataset
    if dataset is None:
        return "no_dataset"
    order = Order(
        training_id=request.training_id,
        dataset=dataset,
        cause=request.cause,
        requested_by=request.requested_by,
        authenticated=request.authenticated,
        correlation_id=request.correlation_id,
        sequencer=request.sequencer,
        forced=request.forced,
        split_override=request.split_override,
        given=request.given,
    )
    duplicate = queue_training(deployment, tenant, project, order)
    return f"duplicate_of:{duplicate}" if duplicate else "queued"


def sequencer_of(event_id: str) -> str:
    """Seconds and the rest of a UUIDv7's time, laid out as S3 lays out its sequencers."""
    milliseconds = int(event_id.replace("-", "")[:12], 16)
    return f"{milliseconds // 1000:010X}{milliseconds % 1000:08X}"
