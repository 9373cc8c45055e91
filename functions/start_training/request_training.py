"""A training that somebody or the monitoring asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.start_training.queue_training import Order, queue_training
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.training import GivenModel
from sluice.stores.deployment import Deployment


def request_training(deployment: Deployment, tenant: str, detail: Mapping[str, Any]) -> str:
    """queued, `duplicate_of:{id}`, or `no_dataset` where nothing was accepted yet.

    An event that names no dataset means the last one accepted; one without a training id gives its own.
    """
    project = deployment.projects.get(tenant, detail["project"])
    data = detail["data"]
    dataset = ArtefactRef(**data["dataset"]) if data.get("dataset") else project.dataset
    if dataset is None:
        return "no_dataset"
    order = Order(
        training_id=data.get("training_id", detail["id"]),
        dataset=dataset,
        cause="drift" if detail["type"] == "DatasetAssembled" else data.get("cause", "request"),
        requested_by=data.get("requested_by", "sluice"),
        authenticated=True,
        correlation_id=detail["correlation_id"],
        sequencer=sequencer_of(detail["id"]),
        forced=bool(data.get("forced", False)),
        split_override=data.get("split_override"),
        given=GivenModel(**data["given"]) if data.get("given") else None,
    )
    duplicate = queue_training(deployment, tenant, project, order)
    return f"duplicate_of:{duplicate}" if duplicate else "queued"


def sequencer_of(event_id: str) -> str:
    """Seconds and the rest of a UUIDv7's time, laid out as S3 lays out its sequencers."""
    milliseconds = int(event_id.replace("-", "")[:12], 16)
    return f"{milliseconds // 1000:010X}{milliseconds % 1000:08X}"
