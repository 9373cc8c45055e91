"""What a demonstration has done so far: told on the terminal as it happens, kept as facts for programs."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from sluice.cli import show


@dataclass
class Journal:
    """`facts` are URLs, ids and outcomes; `seconds` by step."""

    console: Console = field(default_factory=show.console)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, number: int, name: str, title: str) -> Iterator[None]:
        """One step: a heading, and its seconds at the end, also when it fails."""
        started = time.monotonic()
        self.console.print()
        self.console.rule(Text(f"{number}  {title}", style="bold"), align="left", style="cyan")
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 1)

    def explain(self, sentence: str) -> None:
        self.console.print(Text(sentence, style="dim"))

    def done(self, sentence: str) -> None:
        self.console.print(Text("✓ ", style="green") + Text(sentence))

    def noted(self, sentence: str) -> None:
        self.console.print(Text("! ", style="yellow") + Text(sentence))

    def print(self, shown: RenderableType) -> None:
        self.console.print(shown)

    def write(self, path: Path, outcome: str) -> None:
        """Keep the facts as JSON."""
        document = {"outcome": outcome, **self.facts, "seconds": self.seconds}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
