"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    platform_table: str
    public_origin: str | None


@cache
def settings() -> Settings:
    """KeyError names a variable that is missing."""
    return Settings(os.environ["PLATFORM_TABLE"], os.environ.get("PUBLIC_ORIGIN"))
