"""What a transfer did, and what is different afterwards: counted by kind, told as it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, Protocol

Outcome = Literal["created", "updated", "unchanged", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "failed")
_MOST_NOTES = 200


class Watcher(Protocol):
    """Whoever shows how far a transfer is."""

    def expect(self, kind: str, count: int) -> None:
        """So many more of a kind have been found."""

    def done(self, kind: str) -> None:
        """One of them is through."""


@dataclass
class Report:
    """`notes` say what could not be carried over, each once."""

    watcher: Watcher
    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def settle(self, kind: str, outcome: Outcome) -> None:
        with self.lock:
            self.counts[kind, outcome] += 1
        self.watcher.done(kind)

    def note(self, text: str) -> None:
        with self.lock:
            if text not in self.notes and len(self.notes) < _MOST_NOTES:
                self.notes.append(text)

    @property
    def failed(self) -> int:
        return sum(count for (_, outcome), count in self.counts.items() if outcome == "failed")
