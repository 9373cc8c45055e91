"""What the platform tells the world: one envelope, one type a fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

EventType = Literal[
    "TrainingRequested",
    "TrainingConcluded",
    "ModelVersionCreated",
    "ModelRegistered",
    "PromotionWaiting",
    "PromotionConcluded",
    "DriftCheckRequested",
    "DriftDetected",
    "RetrainingRequested",
    "DatasetAssembled",
    "UploadFound",
    "TenantDeletionRequested",
    "BatchConcluded",
]


@dataclass(frozen=True, slots=True)
class Event:
    """`correlation_id` runs from the first door to the last log line; `causation_id` is what led here."""

    type: EventType
    tenant: str
    project: str
    correlation_id: str
    causation_id: str
    data: Mapping[str, Any]


def version_created(tenant: str, project: str, version: int, requested_by: str) -> Event:
    """Somebody registered a version under the project's name."""
    name = f"{project}/{version}"
    data = {"model_version": version, "requested_by": requested_by}
    return Event("ModelVersionCreated", tenant, project, name, name, data)
