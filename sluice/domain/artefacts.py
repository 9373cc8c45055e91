"""References to stored bytes: by role, key, version and digest; never by bucket name or account."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

BucketRole = Literal["data", "artifacts", "archive", "audit"]


@dataclass(frozen=True, slots=True)
class ArtefactRef:
    """One immutable version of one object; `size` in bytes."""

    role: BucketRole
    key: str
    version_id: str
    sha256: str
    size: int


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
