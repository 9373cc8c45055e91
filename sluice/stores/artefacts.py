"""Bytes in S3 behind references: written once under a version, read back only if the digest holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sluice.domain.artefacts import ArtefactRef, BucketRole, sha256_of
from sluice.domain.errors import IntegrityError, NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_CHUNK = 1 << 20


@dataclass(frozen=True)
class ArtefactStore:
    """`buckets` maps a role to the bucket of this deployment."""

    client: S3Client
    buckets: Mapping[BucketRole, str]

    def write(
        self, role: BucketRole, key: str, content: bytes, *, content_type: str = "application/octet-stream"
    ) -> ArtefactRef:
        """Store bytes; equal bytes written twice are two versions with one digest."""
        answer = self.client.put_object(
            Bucket=self.buckets[role], Key=key, Body=content, ContentType=content_type
        )
        return ArtefactRef(role, key, answer.get("VersionId", "null"), sha256_of(content), len(content))

    def read(self, ref: ArtefactRef) -> bytes:
        """The bytes; IntegrityError when they are not the recorded ones, NotFound when they are gone."""
        content = b"".join(self.stream(ref.role, ref.key, ref.version_id))
        if sha256_of(content) != ref.sha256:
            raise IntegrityError(f"{ref.role}/{ref.key} is not what was recorded: its digest differs")
        return content

    def stream(
        self, role: BucketRole, key: str, version_id: str, *, start: int = 0, end: int | None = None
    ) -> Iterator[bytes]:
        """The bytes from `start` until before `end` (not an empty range), in chunks of one megabyte."""
        try:
            answer = self.client.get_object(
                Bucket=self.buckets[role], Key=key, **_version(version_id), **_span(start, end)
            )
        except ClientError as error:
            raise _translated(error, role, key) from error
        yield from answer["Body"].iter_chunks(_CHUNK)

    def head(self, role: BucketRole, key: str, version_id: str) -> dict[str, Any]:
        """S3's own description: ContentLength in bytes, Metadata, LastModified."""
        try:
            return dict(self.client.head_object(Bucket=self.buckets[role], Key=key, **_version(version_id)))
        except ClientError as error:
            raise _translated(error, role, key) from error

    def versions(self, role: BucketRole, key: str) -> list[str]:
        """The version ids of one key, oldest first."""
        found = [version_id for name, version_id, _ in self.list_versions(role, key) if name == key]
        return found[::-1]

    def sizes(self, role: BucketRole, prefix: str) -> dict[str, int]:
        """Bytes of the objects under a prefix, by key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.buckets[role], Prefix=prefix
        )
        return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}

    def keys(self, role: BucketRole, prefix: str, *, after: str = "") -> Iterator[str]:
        """Keys under a prefix that sort behind `after`, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.buckets[role], Prefix=prefix, StartAfter=after
        )
        for page in pages:
            yield from (found["Key"] for found in page.get("Contents", []))

    def list_versions(self, role: BucketRole, prefix: str) -> Iterator[tuple[str, str, datetime]]:
        """Key, version id and time of every object version under a prefix."""
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.buckets[role], Prefix=prefix
        )
        for page in pages:
            for version in page.get("Versions", []):
                yield version["Key"], version["VersionId"], version["LastModified"]

    def refer(self, role: BucketRole, key: str, version_id: str) -> ArtefactRef:
        """A reference to an object that somebody else wrote, its digest taken while streaming it."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.stream(role, key, version_id):
            digest.update(chunk)
            size += len(chunk)
        return ArtefactRef(role, key, version_id, digest.hexdigest(), size)

    def copy(self, ref: ArtefactRef, role: BucketRole, key: str) -> ArtefactRef:
        """The same bytes under another key, checked on the way."""
        return self.write(role, key, self.read(ref))


def _version(version_id: str) -> dict[str, Any]:
    return {} if version_id in {"", "null"} else {"VersionId": version_id}


def _span(start: int, end: int | None) -> dict[str, Any]:
    return {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}


def _translated(error: ClientError, role: str, key: str) -> Exception:
    if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}:
        return NotFound(f"{role}/{key} does not exist")
    return error
