"""Uploads whose event never came: object versions without a record are announced again."""

from __future__ import annotations

from datetime import datetime

from sluice.domain import batch
from sluice.domain.event import Event
from sluice.domain.tenants import project_folder
from sluice.domain.upload import address_of
from sluice.stores.deployment import Deployment
from sluice.workflows.batches import receive_file


def find_uploads(deployment: Deployment, tenant: str) -> list[str]:
    """Keys of the objects that were announced; start_training receives each version once."""
    found = []
    for project in deployment.projects.names(tenant):
        for kind in ("code", "data"):
            for key, version_id, modified in deployment.artefacts.list_versions(
                "data", f"{project_folder(tenant, project)}/{kind}/"
            ):
                if address_of(key) and not deployment.uploads.find_object(tenant, project, key, version_id):
                    _announce(deployment, tenant, project, key, version_id, modified)
                    found.append(key)
    return found


def find_files_to_score(deployment: Deployment, tenant: str) -> list[str]:
    """Ids of the batches begun for files in the drop folders whose event never came."""
    found = []
    for project in deployment.projects.names(tenant):
        for key, version_id, _ in deployment.artefacts.list_versions(
            "data", f"{project_folder(tenant, project)}/batch/"
        ):
            address = batch.address_of(key)
            if address is None or address.batch_id is not None:
                continue  # of those that were announced there is a record
            if deployment.batches.find_object(tenant, project, key, version_id) is None:
                begun = receive_file(deployment, key, version_id, "unknown")
                found += [begun.batch_id] if begun else []
    return found


def _announce(
    deployment: Deployment, tenant: str, project: str, key: str, version_id: str, modified: datetime
) -> None:
    sequencer = f"{int(modified.timestamp()):010X}{modified.microsecond:08X}"
    described = {"key": key, "version-id": version_id, "sequencer": sequencer}
    data = {"object": described, "requester": "unknown"}
    deployment.events.publish(Event("UploadFound", tenant, project, version_id, version_id, data))
