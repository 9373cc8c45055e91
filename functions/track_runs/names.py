"""Names for runs that came without one: two words and a number."""

from __future__ import annotations

_HOW = (
    "amber",
    "brave",
    "calm",
    "clear",
    "crisp",
    "eager",
    "gentle",
    "keen",
    "lucid",
    "nimble",
    "quiet",
    "swift",
)
_WHAT = (
    "beacon",
    "brook",
    "canal",
    "delta",
    "fjord",
    "harbor",
    "inlet",
    "lagoon",
    "lock",
    "mill",
    "reef",
    "weir",
)


def run_name(seed: str) -> str:
    """The same name for the same seed (a run's id, or anything random)."""
    number = int.from_bytes(seed.encode()[-8:], "big")
    how, what = _HOW[number % len(_HOW)], _WHAT[number // 7 % len(_WHAT)]
    return f"{how}-{what}-{number % 1000}"
