"""From an S3 event to upload records: each object version is received once and ends in one status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from functions.start_training.accept_code import accept_code
from functions.start_training.accept_data import accept_data
from sluice.domain.errors import Invalid, Reason
from sluice.domain.tenants import OPERATOR
from sluice.domain.upload import Address, Upload, address_of
from sluice.project.schema import stored_project
from sluice.stores.deployment import Deployment

NOWHERE = Address(OPERATOR, "unassigned", "data", "")
"""Where an object that belongs to no project is recorded."""

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """What S3 says of a new object; `version_id` is None where the event does not carry it."""

    key: str
    version_id: str | None
    sequencer: str
    requester: str

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> ObjectCreated:
        found = detail["object"]
        return cls(
            found["key"],
            found.get("version-id"),
            found.get("sequencer", "0"),
            detail.get("requester", "unknown"),
        )


def receive_upload(deployment: Deployment, event: ObjectCreated) -> list[Upload]:
    """Record and settle every object version the event stands for."""
    address = address_of(event.key) or NOWHERE
    settled = []
    for version_id, sequencer in _versions(deployment, event, address):
        upload = _record(deployment, event, address, version_id, sequencer)
        settled.append(_settle(deployment, address.tenant, upload) if upload.status == "received" else upload)
    return settled


def _versions(deployment: Deployment, event: ObjectCreated, address: Address) -> Iterator[tuple[str, str]]:
    """The event's version; without one in the event, the key's versions that have no record, oldest first."""
    if event.version_id:
        yield event.version_id, event.sequencer
        return
    seen = partial(deployment.uploads.find_object, address.tenant, address.project, event.key)
    versions = deployment.artefacts.versions("data", event.key)
    new = [version for version in versions if not seen(version)]
    last = int(event.sequencer, 16)
    for place, version_id in enumerate(new):
        yield version_id, f"{last - (len(new) - 1 - place):X}"


def _record(
    deployment: Deployment, event: ObjectCreated, address: Address, version_id: str, sequencer: str
) -> Upload:
    head = deployment.artefacts.head("data", event.key, version_id)
    intent = _intent(deployment, address, event.key, head.get("Metadata", {}))
    upload_id = deployment.platform.new_id()
    upload = Upload(
        upload_id=intent.get("upload_id", upload_id),
        project=address.project,
        kind=address.kind,
        key=event.key,
        version_id=version_id,
        sequencer=sequencer,
        requested_by=intent.get("principal", f"s3:{event.requester}"),
        authenticated=bool(intent),
        status="received",
        correlation_id=intent.get("correlation_id", upload_id),
        size=head["ContentLength"],
        forced=bool(intent.get("forced", False)),
    )
    return deployment.uploads.receive(address.tenant, upload)


def _intent(
    deployment: Deployment, address: Address, key: str, metadata: Mapping[str, str]
) -> Mapping[str, Any]:
    """Who asked for the link that this object came by; nothing for a plain upload or another key's link."""
    upload_id = metadata.get("sluice-upload")
    intent = partial(deployment.uploads.intent, address.tenant, address.project)
    found = intent(upload_id) if upload_id else None
    return {**found, "upload_id": upload_id} if found and found.get("key") == key else {}


def _settle(deployment: Deployment, tenant: str, upload: Upload) -> Upload:
    try:
        settled = _accept(deployment, tenant, upload)
    except Invalid as invalid:
        reasons = invalid.reasons or (Reason("file", str(invalid)),)
        settled = deployment.uploads.change(
            tenant, upload, status="rejected", reasons=[asdict(reason) for reason in reasons]
        )
    deployment.audit.record(
        tenant,
        upload.project,
        actor=upload.requested_by,
        action=f"upload.{settled.status}",
        subject=f"upload:{upload.upload_id}",
        correlation_id=upload.correlation_id,
        details={
            "key": upload.key,
            "version_id": upload.version_id,
            "authenticated": upload.authenticated,
            "training_id": settled.training_id,
            "duplicate_of": settled.duplicate_of,
        },
        event_id=f"{upload.upload_id}.settled",
    )
    return settled


def _accept(deployment: Deployment, tenant: str, upload: Upload) -> Upload:
    project = deployment.projects.find(tenant, upload.project)
    if project is None:
        raise Invalid(
            "unknown project", [Reason("key", "no project has this name", upload.key, "a pushed project")]
        )
    spec = stored_project(project.document)
    limit = spec.contract.size_limit_mb * MEGABYTE
    if upload.size > limit:
        raise Invalid(
            "too large",
            [Reason("file", "over the size limit", f"{upload.size} bytes", f"at most {limit} bytes")],
        )
    accept = accept_data if upload.kind == "data" else accept_code
    return accept(deployment, tenant, project, upload)
