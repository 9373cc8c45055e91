"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """`model_memory` and `disk` in bytes: what loaded models and their files on /tmp may take."""

    platform_table: str
    ledger_table: str
    artifacts_bucket: str
    archive_bucket: str
    audit_table: str
    retention_days: int
    model_memory: int
    disk: int


def read_settings(environment: Mapping[str, str]) -> Settings:
    """KeyError names a variable that is missing. Models may take half of the function's memory."""
    memory = int(environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"))
    return Settings(
        platform_table=environment["PLATFORM_TABLE"],
        ledger_table=environment["LEDGER_TABLE"],
        artifacts_bucket=environment["ARTIFACTS_BUCKET"],
        archive_bucket=environment["ARCHIVE_BUCKET"],
        audit_table=environment["AUDIT_TABLE"],
        retention_days=int(environment.get("LEDGER_RETENTION_DAYS", "365")),
        model_memory=memory * _MEGABYTE // 2,
        disk=400 * _MEGABYTE,
    )


@cache
def settings() -> Settings:
    return read_settings(os.environ)
