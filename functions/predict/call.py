"""An HTTP request as this room's doors see it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sluice.domain.errors import Invalid, TooLarge
from sluice.web.limits import GATEWAY, Limits, read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""Lets zlib tell the two apart by their first bytes."""


@dataclass(frozen=True, slots=True)
class Call:
    """`path` without its slashes, decoded; header names in lower case. `request_id` is ours and new."""

    event: Mapping[str, Any]
    method: str
    path: tuple[str, ...]
    headers: Mapping[str, str]
    request_id: str
    correlation_id: str
    limits: Limits = GATEWAY


def read_call(
    event: Mapping[str, Any], *, request_id: str, correlation_id: str, limits: Limits = GATEWAY
) -> Call:
    """The request in an HTTP API event (payload 2.0)."""
    raw = event.get("rawPath") or "/"
    return Call(
        event=event,
        method=event["requestContext"]["http"]["method"],
        path=tuple(unquote(part) for part in raw.strip("/").split("/")),
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        request_id=request_id,
        correlation_id=correlation_id,
        limits=limits,
    )


def content_of(call: Call) -> bytes:
    """The body, out of base64 and decompressed. TooLarge over the door's limits, Invalid when damaged."""
    limits = call.limits
    encoded = call.event.get("isBase64Encoded")
    content = read_body(call.event, limit=limits.binary if encoded else limits.text)
    encoding = call.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return content
    if encoding not in ("gzip", "deflate"):
        raise Invalid(f"Content-Encoding must be gzip or deflate, got {encoding[:80]!r}")
    return _decompressed(content, limits.text)


def header_length_of(call: Call) -> int | None:
    """Where a body's JSON ends and its binary data begins; None where it is all JSON."""
    given = call.headers.get("inference-header-content-length")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10):  # noqa: PLR2004 - more than any body
        raise Invalid(f"Inference-Header-Content-Length must be a number of bytes, got {given[:80]!r}")
    return int(given)


def _decompressed(content: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = stream.decompress(content, limit + 1)
    except zlib.error as error:
        raise Invalid("the body is not compressed as its Content-Encoding says") from error
    if len(plain) > limit:
        raise TooLarge(f"the body is over {limit} bytes when decompressed: send fewer rows at once")
    if not stream.eof:
        raise Invalid("the compressed body ends too early")
    return plain
