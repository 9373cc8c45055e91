"""Put a training into its project's queue, unless an equal one succeeded or runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.project import Project
from sluice.domain.training import NO_CODE, Cause, GivenModel, Training, identity_of
from sluice.domain.upload import Upload
from sluice.project.schema import stored_project
from sluice.stores.deployment import Deployment
from sluice.workflows.dispatch import dispatch


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be trained on, why, and for whom; with a `given` model, judged on instead."""

    training_id: str
    dataset: ArtefactRef
    cause: Cause
    requested_by: str
    authenticated: bool
    correlation_id: str
    sequencer: str
    forced: bool = False
    upload_id: str | None = None
    split_override: Mapping[str, Any] | None = None
    given: GivenModel | None = None

    @classmethod
    def of_upload(cls, upload: Upload, dataset: ArtefactRef, cause: Cause) -> Order:
        """The training takes the upload's id, so that a repetition is the same."""
        return cls(
            training_id=upload.upload_id,
            dataset=dataset,
            cause=cause,
            requested_by=upload.requested_by,
            authenticated=upload.authenticated,
            correlation_id=upload.correlation_id,
            sequencer=upload.sequencer,
            forced=upload.forced,
            upload_id=upload.upload_id,
        )


def needs_code(project: Project) -> bool:
    """Whether the project trains by code and has none yet."""
    declared = stored_project(project.document).training.pipeline is not None
    return not declared and project.code_digest is None


def queue_training(deployment: Deployment, tenant: str, project: Project, order: Order) -> str | None:
    """Queue and dispatch. Gives the id of the equal training that stands in the way, if one does."""
    code_digest = NO_CODE if order.given else project.code_digest or NO_CODE
    made_by = f"version:{order.given.version}" if order.given else code_digest
    training = Training(
        training_id=order.training_id,
        project=project.name,
        project_version=project.version,
        project_digest=project.digest,
        code_digest=code_digest,
        code=project.code if order.given is None else None,
        identity=identity_of(
            data_sha256=order.dataset.sha256, code_digest=made_by, project_digest=project.digest
        ),
        status="queued",
        cause=order.cause,
        requested_by=order.requested_by,
        authenticated=order.authenticated,
        correlation_id=order.correlation_id,
        sequencer=order.sequencer,
        dataset=order.dataset,
        upload_id=order.upload_id,
        given=order.given,
        forced=order.forced,
        split_override=order.split_override,
        artefacts={"dataset": order.dataset},
    )
    duplicate = deployment.trainings.enqueue(tenant, training)
    if duplicate is None:
        dispatch(deployment, tenant, project.name)
    return duplicate
