"""A code upload: a version by the content of its files, trained on the last dataset that was accepted."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

from functions.start_training.accept_data import train_on
from functions.start_training.queue_training import Order, queue_training
from sluice.domain.errors import Invalid, Reason
from sluice.domain.project import CodeVersion, Project
from sluice.domain.upload import Upload
from sluice.stores.deployment import Deployment
from sluice.stores.records import to_attributes

MAXIMUM_BYTES = 50_000_000
MAXIMUM_FILES = 2_000


def accept_code(deployment: Deployment, tenant: str, project: Project, upload: Upload) -> Upload:
    """Record the code version and train with it; code that was seen before makes no new version."""
    ref = deployment.artefacts.refer("data", upload.key, upload.version_id)
    digest, files = digest_of(deployment.artefacts.read(ref))
    version = CodeVersion(
        digest, ref, upload.requested_by, upload.upload_id, files, deployment.platform.now()
    )
    deployment.projects.add_code(tenant, project.name, version)
    current = deployment.projects.get(tenant, project.name)
    changes: dict[str, Any] = {"status": "accepted", "ref": to_attributes(ref), "code_digest": digest}
    changes |= _train(deployment, tenant, current, upload)
    return deployment.uploads.change(tenant, upload, **changes)


def digest_of(archive: bytes) -> tuple[str, int]:
    """Digest over names and contents of the files in a zip, and how many there are: packing does not matter.

    Invalid for what is no zip, unpacks to too much, or holds nothing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = sorted((e for e in opened.infolist() if not e.is_dir()), key=lambda e: e.filename)
            _check_size(entries)
            lines = [f"{e.filename}\n{hashlib.sha256(opened.read(e)).hexdigest()}\n" for e in entries]
    except zipfile.BadZipFile as error:
        raise Invalid(
            "not a zip", [Reason("file", "not a readable zip archive", None, "a .zip file")]
        ) from error
    return hashlib.sha256("".join(lines).encode()).hexdigest(), len(lines)


def _check_size(entries: list[zipfile.ZipInfo]) -> None:
    size = sum(entry.file_size for entry in entries)
    if not entries:
        raise Invalid("empty", [Reason("file", "the archive holds no file", "0 files", "training code")])
    if size > MAXIMUM_BYTES or len(entries) > MAXIMUM_FILES:
        found = f"{len(entries)} files, {size} bytes"
        expected = f"at most {MAXIMUM_FILES} files and {MAXIMUM_BYTES} bytes"
        raise Invalid("too large", [Reason("file", "unpacks to too much", found, expected)])


def _train(deployment: Deployment, tenant: str, project: Project, upload: Upload) -> dict[str, str | None]:
    """Train on data that waited for code, else on the last dataset that was accepted, if there is one."""
    waiting = _waiting(deployment, tenant, project.name)
    if waiting and waiting.ref:
        return {
            "training_id": train_on(deployment, tenant, project, waiting, waiting.ref, "code").training_id
        }
    if project.dataset is None:
        return {"waiting_for": "data"}
    order = Order.of_upload(upload, project.dataset, "code")
    duplicate = queue_training(deployment, tenant, project, order)
    return {"duplicate_of": duplicate} if duplicate else {"training_id": order.training_id}


def _waiting(deployment: Deployment, tenant: str, project: str) -> Upload | None:
    """The newest data upload that waits for code."""
    uploads = deployment.uploads.newest(tenant, project)
    return next((each for each in uploads if each.kind == "data" and each.status == "waiting"), None)
