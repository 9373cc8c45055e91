"""S3's objects, read and written whole, with botocore's names, arguments and errors; nothing else of S3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from sluice.stores.signed_http import Answer, Request, SignedHTTP, open_signed, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE, _MESSAGE = re.compile(r"<Code>(.*?)</Code>"), re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_REFUSED = 300


@dataclass(frozen=True)
class Body:
    """An object's bytes, all there; read as those that botocore streams are."""

    content: bytes

    def read(self) -> bytes:
        return self.content

    def iter_chunks(self, chunk_size: int) -> Iterator[bytes]:  # noqa: ARG002 - nothing is left to fetch
        yield self.content


@dataclass(frozen=True)
class LightS3:
    """For functions that read and write files which fit their memory, and list and sign nothing."""

    http: SignedHTTP

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803 - botocore's names
        Key: str,  # noqa: N803
        VersionId: str = "",  # noqa: N803
        Range: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        headers = {"range": Range} if Range else {}
        query = urlencode({"versionId": VersionId}) if VersionId else ""
        answer = self._send("GetObject", Request("GET", _path(Bucket, Key), headers, query=query))
        return {"Body": Body(answer.content), "ContentLength": len(answer.content)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        ContentType: str = "application/octet-stream",  # noqa: N803
    ) -> dict[str, Any]:
        headers = {"content-type": ContentType, "content-length": str(len(Body))}
        answer = self._send("PutObject", Request("PUT", _path(Bucket, Key), headers, Body))
        version = answer.headers.get("x-amz-version-id")
        return {"VersionId": version} if version else {}

    def close(self) -> None:
        self.http.close()

    def _send(self, operation: str, request: Request) -> Answer:
        answer: Answer = self.http.send(request, _understood(operation))
        return answer


def open_s3(**patience: Any) -> LightS3:
    """`patience`: connect_seconds, read_seconds and attempts of SignedHTTP."""
    return LightS3(open_signed("s3", **patience))


def _path(bucket: str, key: str) -> str:
    return quote(f"/{bucket}/{key}", safe="/~")


def _understood(operation: str) -> Callable[[Answer], Answer]:
    def understand(answer: Answer) -> Answer:
        if answer.status < _REFUSED:
            return answer
        text = answer.content[:10_000].decode(errors="replace")
        code, message = _CODE.search(text), _MESSAGE.search(text)
        raise refusal(
            operation,
            answer.status,
            code[1] if code else str(answer.status),
            message[1] if message else text[:200],
        )

    return understand
