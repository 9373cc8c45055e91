"""Sizes the doors keep, so that the gateway's own refusals (in its own words) are never reached."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.domain.errors import TooLarge
from sluice.web.problems import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT_BYTES = 5_500_000
"""Of a text body in either direction; Lambda cuts at 6 MB of JSON around it."""
MAX_BINARY_BYTES = 4_500_000
"""Of a binary body before it is put into base64."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a door takes and gives at most, in bytes; other doors than the gateway's may have others."""

    text: int = MAX_TEXT_BYTES
    binary: int = MAX_BINARY_BYTES


GATEWAY = Limits()


def read_body(event: Mapping[str, Any], *, limit: int | None = None) -> bytes:
    """The body's bytes, decoded where the gateway encoded them.

    Raises TooLarge over the limit (the door's own when none is given), BadRequest for bad base64.
    """
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return within(body.encode(), limit or MAX_TEXT_BYTES)
    try:
        content = base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise BadRequest("the body is not the base64 it is said to be") from error
    return within(content, limit or MAX_BINARY_BYTES)


def within(content: bytes, limit: int) -> bytes:
    """The content, unless it is over so many bytes: then TooLarge."""
    if len(content) > limit:
        raise TooLarge(f"{len(content)} bytes, where at most {limit} fit")
    return content
