"""Page tokens: opaque to the caller, authenticated, and good for the query they came from only.

The key is an item of the table that is paged over (`sluice/stores/secrets.py`), made once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping

from sluice.web.problems import BadPageToken

_TAG_BYTES = 16
_VERSION = b"\x01"

Position = Mapping[str, str]
"""Where the next page begins: the key of the last item."""


def seal(key: bytes, query: str, position: Position | None) -> str | None:
    """The token of a position in this query (tenant, route, filters, as one text); None at the end."""
    if position is None:
        return None
    content = _VERSION + json.dumps(dict(position), separators=(",", ":"), sort_keys=True).encode()
    return _text(_tag(key, query, content) + content)


def unseal(key: bytes, query: str, token: str | None) -> dict[str, str] | None:
    """The position a token stands for; None without one, BadPageToken for any other token."""
    if not token:
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadPageToken("the page token is damaged") from error
    # Base64 reads over what it does not know, and over spare bits of the last character.
    if _text(raw) != token:
        raise BadPageToken("the page token is damaged")
    tag, content = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(key, query, content)) or content[:1] != _VERSION:
        raise BadPageToken("the page token belongs to another list")
    position: dict[str, str] = json.loads(content[1:])
    return position


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _tag(key: bytes, query: str, content: bytes) -> bytes:
    return hmac.new(key, query.encode() + b"\n" + content, hashlib.sha256).digest()[:_TAG_BYTES]
