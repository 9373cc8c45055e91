"""Identifiers: UUIDv7, so that they sort by the time of their making."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable

NewId = Callable[[], str]


def uuid7(milliseconds: int, random_bits: int) -> str:
    """RFC 9562 version 7: 48 bits of Unix time in milliseconds, 74 random bits."""
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random_bits & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def derived_id(milliseconds: int, *parts: str) -> str:
    """The same id for the same time and parts, so that a repetition makes the same record."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return uuid7(milliseconds, int.from_bytes(digest[:10]) & (1 << 74) - 1)


def new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))


def run_id_of(training_id: str) -> str:
    """The MLflow run of a training: the same 128 bits in MLflow's own form."""
    return training_id.replace("-", "")
