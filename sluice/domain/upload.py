"""An upload: one version of one object, received once, ending in exactly one status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Reason
from sluice.domain.tenants import OPERATOR

UploadKind = Literal["data", "code"]
UploadStatus = Literal["received", "accepted", "waiting", "duplicate", "rejected"]

FOLDER = r"projects/((?P<tenant>[^/.]+)\.)?(?P<project>[^/.]+)"
"""As `project_folder` writes it."""
_ADDRESS = re.compile(FOLDER + r"/(?P<kind>data|code)/(?P<file>[^/]+)")
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


def tenant_of(found: re.Match[str]) -> str | None:
    """Whose folder a key lies in; None where no project can have it."""
    tenant = found["tenant"] or OPERATOR
    if not (NAME.fullmatch(tenant) and NAME.fullmatch(found["project"])) or found["tenant"] == OPERATOR:
        return None
    return tenant


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upload landed: a project's folder, then `{kind}/{file}`."""

    tenant: str
    project: str
    kind: UploadKind
    file: str


@dataclass(frozen=True, slots=True)
class Upload:
    """`sequencer` orders uploads as S3 saw them; `authenticated` says whether we know the requester."""

    upload_id: str
    project: str
    kind: UploadKind
    key: str
    version_id: str
    sequencer: str
    requested_by: str
    authenticated: bool
    status: UploadStatus
    correlation_id: str
    size: int = 0
    ref: ArtefactRef | None = None
    forced: bool = False
    training_id: str | None = None
    code_digest: str | None = None
    duplicate_of: str | None = None
    waiting_for: str | None = None
    reasons: tuple[Reason, ...] = ()
    created_at: str = ""
    updated_at: str = ""
    rev: int = 1


def address_of(key: str) -> Address | None:
    """The parsed object key, or None where no upload belongs."""
    found = _ADDRESS.fullmatch(key)
    if not found:
        return None
    tenant = tenant_of(found)
    if tenant is None:
        return None
    kind: UploadKind = "data" if found["kind"] == "data" else "code"
    return Address(tenant, found["project"], kind, found["file"])
