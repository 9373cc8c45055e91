"""A data upload: a full snapshot of the project's dataset."""

from __future__ import annotations

from functions.start_training.queue_training import Order, needs_code, queue_training
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.project import Project
from sluice.domain.training import Cause
from sluice.domain.upload import Upload
from sluice.stores.deployment import Deployment
from sluice.stores.records import to_attributes


def accept_data(deployment: Deployment, tenant: str, project: Project, upload: Upload) -> Upload:
    """Train on it, or say what stands in the way: an equal training, or code that is still to come."""
    ref = deployment.artefacts.refer("data", upload.key, upload.version_id)
    if needs_code(project):
        return deployment.uploads.change(
            tenant, upload, status="waiting", waiting_for="code", ref=to_attributes(ref)
        )
    return train_on(deployment, tenant, project, upload, ref, "upload")


def train_on(
    deployment: Deployment, tenant: str, project: Project, upload: Upload, ref: ArtefactRef, cause: Cause
) -> Upload:
    """Queue a training on this upload, and say on its record what came of that."""
    order = Order.of_upload(upload, ref, cause)
    duplicate = queue_training(deployment, tenant, project, order)
    changes = (
        {"status": "duplicate", "duplicate_of": duplicate}
        if duplicate
        else {"status": "accepted", "training_id": order.training_id}
    )
    return deployment.uploads.change(
        tenant, upload, ref=to_attributes(ref), **changes, forget=("waiting_for",)
    )
