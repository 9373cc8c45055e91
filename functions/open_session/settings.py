"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from functions.open_session.provider import Provider, read_provider


@dataclass(frozen=True, slots=True)
class Settings:
    """`provider` is None where people sign in with tokens only."""

    platform_table: str
    public_origin: str | None
    provider: Provider | None


@cache
def settings() -> Settings:
    """KeyError names a variable that is missing; pydantic.ValidationError what is wrong with OPENID."""
    document = os.environ.get("OPENID")
    return Settings(
        os.environ["PLATFORM_TABLE"],
        os.environ.get("PUBLIC_ORIGIN"),
        read_provider(document) if document else None,
    )
