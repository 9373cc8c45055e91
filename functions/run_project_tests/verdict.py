"""What pytest found, on its way from the child to the parent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed, or a file that could not be collected, with the line that says why."""

    test: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    FILE: ClassVar[str] = "verdict.json"

    collected: int
    passed: int
    failures: tuple[Failure, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, content: bytes | None) -> Verdict | None:
        """None for what the child did not write whole: it is somebody else's process."""
        try:
            document = json.loads(content or b"")
            failures = tuple(
                Failure(str(entry["test"])[:300], str(entry["message"])[:1_000])
                for entry in document["failures"]
            )
            return cls(int(document["collected"]), int(document["passed"]), failures)
        except (ValueError, KeyError, TypeError):
            return None
