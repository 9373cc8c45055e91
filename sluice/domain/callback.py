"""Telling a caller that what took its time has ended: who may be called, what is said, and how it is signed.

Headers and signature are those of Standard Webhooks (https://www.standardwebhooks.com), for which receivers
find libraries in every language.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import urlsplit

from sluice.domain.errors import Invalid, Reason

WAITS = (5, 30, 120, 600, 1800, 7200, 21_600)
"""Seconds between attempts: eight in about nine hours, while a request's record is kept for days."""
ATTEMPTS = len(WAITS) + 1
MAXIMUM_LENGTH = 2000
OVERLAP = timedelta(days=1)
"""How long the secret before signs beside a new one: receivers change over meanwhile."""

_HTTPS = 443
_HOST = re.compile(r"[a-z0-9.-]{1,253}|[0-9a-f:.]{2,45}")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a callback is. `answer`: the last HTTP status that came back; `error`: why none did."""

    status: Literal["waiting", "delivered", "failed"] = "waiting"
    attempts: int = 0
    at: str | None = None
    answer: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SecretInUse:
    """`generation`: which of a project's secrets signs; the one before signs too until `previous_until`."""

    generation: int = 0
    previous_until: str | None = None

    def is_changing(self, now: str) -> bool:
        """Whether two secrets sign."""
        return self.previous_until is not None and now < self.previous_until


@dataclass(frozen=True, slots=True)
class Receiver:
    """A checked address. `target` is the request line's."""

    host: str
    port: int
    target: str


def receiver_of(address: str, hosts: Sequence[str]) -> Receiver:
    """The receiver behind an address; Invalid unless it is https and its host is one of `hosts`.

    A host may be a pattern (`*.example.org`) and may name a port, which else is 443.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip("."), parts.port or _HTTPS
    except ValueError:
        raise _refused("this is no address", address, "https://host/path") from None
    plain = address.isascii() and address.isprintable() and " " not in address
    if not plain or len(address) > MAXIMUM_LENGTH or parts.scheme != "https" or not _HOST.fullmatch(host):
        raise _refused("this is no https address", address, "https://host/path")
    if "@" in parts.netloc or parts.fragment:
        raise _refused("it holds a user or a fragment", address, "https://host/path")
    allowed = [each if ":" in each else f"{each}:{_HTTPS}" for each in hosts]
    if not any(fnmatchcase(f"{host}:{port}", each) for each in allowed):
        raise _refused(
            "this deployment does not call that host",
            f"{host}:{port}",
            ", ".join(hosts) or "no callback: the stage allows no host",
        )
    return Receiver(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(address: str, *, loopback: bool = False) -> bool:
    """Whether a resolved address is one of the internet's, by whichever notation; `loopback` allows that."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped), loopback=loopback)
        if found in _NAT64 or found.sixtofour or found.is_site_local:
            return False
    if found.is_loopback:
        return loopback
    return found.is_global and not found.is_multicast


def project_key(tenant_key: bytes, project: str, generation: int = 0) -> bytes:
    """The key that a project's callbacks are signed with."""
    name = f"callbacks/{project}" + (f"/{generation}" if generation else "")
    return hmac.digest(tenant_key, name.encode(), "sha256")


def signing_keys(tenant_key: bytes, project: str, used: SecretInUse, now: str) -> list[bytes]:
    """Those that sign now, the newest first."""
    generations = (used.generation, used.generation - 1) if used.is_changing(now) else (used.generation,)
    return [project_key(tenant_key, project, each) for each in generations]


def secret_of(key: bytes) -> str:
    """The key as receivers' libraries take it."""
    return "whsec_" + base64.b64encode(key).decode()


def signed_headers(keys: Sequence[bytes], delivery_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The same delivery has the same id at each attempt; `timestamp` (seconds) is the attempt's."""
    text = f"{delivery_id}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(key, text, "sha256")).decode() for key in keys]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def wait_before(attempt: int, delivery_id: str) -> int:
    """Seconds until the attempt (from 2), up to a quarter longer by the id: many do not come at once."""
    spread = int(delivery_id[-4:], 16) / (4 * 0xFFFF)
    return int(WAITS[attempt - 2] * (1 + spread))


def _refused(message: str, value: str, expected: str) -> Invalid:
    return Invalid(f"callback: {message}", [Reason("callback", message, value[:200], expected)])
