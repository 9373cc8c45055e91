"""What this room reads from its environment, once: whom it may call, and whose certificates it trusts."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Settings:
    """`loopback`: this machine's own services may be called, which only the embedded AWS allows.

    `origin`: the API's address as callers know it; without it addresses in messages begin with their path.
    """

    hosts: tuple[str, ...]
    loopback: bool
    origin: str
    trust: ssl.SSLContext


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Hosts are set apart by commas; `CALLBACK_CA` holds certificates (PEM) that are trusted besides."""
    trust = ssl.create_default_context()
    if authority := environment.get("CALLBACK_CA"):
        trust.load_verify_locations(cadata=authority)
    return Settings(
        hosts=tuple(filter(None, environment.get("CALLBACK_HOSTS", "").split(","))),
        loopback=environment.get("CALLBACK_LOOPBACK") == "true",
        origin=environment.get("PUBLIC_ORIGIN", "").rstrip("/"),
        trust=trust,
    )


@cache
def settings() -> Settings:
    return read_settings(os.environ)
