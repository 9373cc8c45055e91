"""What a bundle's server reads from its environment, once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODES = ("buffer", "home", "none")
WHEN_FULL = ("refuse", "drop_oldest")
_DEVICE = re.compile(r"[a-z][a-z0-9-]{1,39}")


class SettingError(ValueError):
    """A variable holds what it cannot; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`ledger`: records wait on the disk (buffer), go home before the answer (home), or are not kept (none).

    Sizes in bytes. Without `token` everybody who reaches the port may ask.
    """

    device: str
    host: str
    port: int
    state: Path
    ledger: str
    ledger_bytes: int
    when_full: str
    body_bytes: int
    threads: int
    token: str = field(repr=False)
    home_url: str
    home_token: str = field(repr=False)
    key: str | None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """SettingError names a variable that is wrong."""
    given = _Given(environment)
    home = environment.get("SLUICE_HOME_URL", "").rstrip("/")
    settings = Settings(
        device=environment.get("SLUICE_EDGE_DEVICE", "edge"),
        host=environment.get("SLUICE_EDGE_HOST", "127.0.0.1"),
        port=given.number("SLUICE_EDGE_PORT", 8080, 0, 65_535),
        state=Path(environment.get("SLUICE_EDGE_STATE") or Path.home() / ".sluice-edge"),
        ledger=given.one_of("SLUICE_EDGE_LEDGER", MODES),
        ledger_bytes=given.number("SLUICE_EDGE_LEDGER_BYTES", 256_000_000, 10_000, 1 << 40),
        when_full=given.one_of("SLUICE_EDGE_WHEN_FULL", WHEN_FULL),
        body_bytes=given.number("SLUICE_EDGE_BODY_BYTES", 5_500_000, 1_000, 1 << 30),
        threads=given.number("SLUICE_EDGE_THREADS", 4, 1, 256),
        token=environment.get("SLUICE_EDGE_TOKEN", ""),
        home_url=home,
        home_token=environment.get("SLUICE_HOME_TOKEN", ""),
        key=environment.get("SLUICE_BUNDLE_KEY") or None,
    )
    if not _DEVICE.fullmatch(settings.device):
        raise SettingError(f"SLUICE_EDGE_DEVICE must match {_DEVICE.pattern}, not {settings.device[:80]!r}")
    if home and not home.startswith(("http://", "https://")):
        raise SettingError(f"SLUICE_HOME_URL must be an http or https address, not {home[:80]!r}")
    if settings.ledger == "home" and not home:
        raise SettingError("SLUICE_EDGE_LEDGER=home needs SLUICE_HOME_URL")
    return settings


@dataclass(frozen=True, slots=True)
class _Given:
    environment: Mapping[str, Any]

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.environment.get(name) or str(default)
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise SettingError(f"{name} must be a whole number from {least} to {most}, not {text[:40]!r}")
        return int(text)

    def one_of(self, name: str, words: tuple[str, ...]) -> str:
        word: str = self.environment.get(name) or words[0]
        if word not in words:
            raise SettingError(f"{name} must be one of {', '.join(words)}, not {word[:40]!r}")
        return word
