"""Artifact files in S3, under the tenant's prefix; large ones travel by presigned links."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from sluice.domain.errors import Invalid, NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

LINK_SECONDS = 900
_DELETED_AT_ONCE = 1000


class FileInfo(NamedTuple):
    """`path` from the root that was listed; `size` in bytes, None of a folder."""

    path: str
    size: int | None

    @property
    def is_dir(self) -> bool:
        return self.size is None


class Content(NamedTuple):
    """A file's bytes, or the link to it where it is larger than was asked for."""

    size: int
    content_type: str
    body: bytes | None
    link: str


@dataclass(frozen=True)
class ArtifactFiles:
    """`signer` makes links for people's machines, whose way to S3 may be another one."""

    client: S3Client
    signer: S3Client
    bucket: str

    def read(self, tenant: str, path: str, *, most: int) -> Content:
        """The file, its bytes only up to `most`; NotFound where there is none."""
        key = _key(tenant, path)
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            raise _missing(error, path) from error
        size, kind = answer["ContentLength"], answer.get("ContentType", "")
        if size > most:
            answer["Body"].close()
            return Content(size, kind, None, self.link(tenant, path))
        return Content(size, kind, answer["Body"].read(), "")

    def size(self, tenant: str, path: str) -> int:
        try:
            return self.client.head_object(Bucket=self.bucket, Key=_key(tenant, path))["ContentLength"]
        except ClientError as error:
            raise _missing(error, path) from error

    def link(self, tenant: str, path: str, method: str = "get_object") -> str:
        """A presigned link, good for fifteen minutes."""
        arguments = {"Bucket": self.bucket, "Key": _key(tenant, path)}
        return self.signer.generate_presigned_url(method, Params=arguments, ExpiresIn=LINK_SECONDS)

    def write(self, tenant: str, path: str, content: bytes) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=_key(tenant, path), Body=content, ContentType=content_type(path)
        )

    def list(self, tenant: str, path: str) -> list[FileInfo]:
        """Files and folders directly below a folder, with their names only; empty for a file."""
        prefix = _key(tenant, path).rstrip("/") + "/"
        found: list[FileInfo] = []
        for page in self._pages(prefix, "/"):
            found += [
                FileInfo(folder["Prefix"].removeprefix(prefix).rstrip("/"), None)
                for folder in page.get("CommonPrefixes", [])
            ]
            found += [
                FileInfo(one["Key"].removeprefix(prefix), one["Size"])
                for one in page.get("Contents", [])
                if one["Key"] != prefix
            ]
        return sorted(found)

    def delete(self, tenant: str, path: str) -> int:
        """Delete a file, or everything below a folder; gives how many files went."""
        key = _key(tenant, path)
        names = [
            one["Key"] for page in self._pages(key.rstrip("/") + "/") for one in page.get("Contents", [])
        ] + [key]
        for begin in range(0, len(names), _DELETED_AT_ONCE):
            some = names[begin : begin + _DELETED_AT_ONCE]
            self.client.delete_objects(
                Bucket=self.bucket, Delete={"Objects": [{"Key": name} for name in some], "Quiet": True}
            )
        return len(names) - 1

    def purge(self, tenant: str, path: str) -> Iterator[int]:
        """Delete every version of everything below a folder; gives how many went, page by page."""
        yield from purge(self.client, self.bucket, _key(tenant, path).rstrip("/") + "/")

    def begin_upload(self, tenant: str, path: str, parts: int) -> tuple[str, Sequence[str]]:
        """A multipart upload: its id and a link for each part."""
        key = _key(tenant, path)
        upload_id = self.client.create_multipart_upload(
            Bucket=self.bucket, Key=key, ContentType=content_type(path)
        )["UploadId"]
        links = [
            self.signer.generate_presigned_url(
                "upload_part",
                Params={"Bucket": self.bucket, "Key": key, "UploadId": upload_id, "PartNumber": number},
                ExpiresIn=LINK_SECONDS,
            )
            for number in range(1, parts + 1)
        ]
        return upload_id, links

    def complete_upload(
        self, tenant: str, path: str, upload_id: str, parts: Sequence[tuple[int, str]]
    ) -> None:
        """Join the parts (number, etag)."""
        joined: list[Any] = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(parts)]
        try:
            self.client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=_key(tenant, path),
                UploadId=upload_id,
                MultipartUpload={"Parts": joined},
            )
        except ClientError as error:
            raise _missing(error, f"upload {upload_id} of {path}") from error

    def abort_upload(self, tenant: str, path: str, upload_id: str) -> None:
        try:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=_key(tenant, path), UploadId=upload_id)
        except ClientError as error:
            raise _missing(error, f"upload {upload_id} of {path}") from error

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Any]:
        pages = self.client.get_paginator("list_objects_v2")
        yield from pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter=delimiter)


def purge(client: S3Client, bucket: str, prefix: str) -> Iterator[int]:
    """Delete every object version (and every mark of a deletion) under a prefix, page by page."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        gone: list[Any] = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if gone:
            client.delete_objects(Bucket=bucket, Delete={"Objects": gone, "Quiet": True})
        yield len(page.get("Versions", []))


def content_type(path: str) -> str:
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def _key(tenant: str, path: str) -> str:
    return f"{tenant}/{path}"


def _missing(error: ClientError, what: str) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    if code in {"NoSuchKey", "404", "NotFound", "NoSuchUpload"}:
        return NotFound(f"No artifact at {what!r}")
    if code in {"InvalidPart", "InvalidPartOrder", "EntityTooSmall"}:
        return Invalid(f"The parts of {what!r} do not fit together: {code}")
    return error
