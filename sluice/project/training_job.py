"""What an isolated function is told, and what it answers: two JSON documents beside the data.

These functions reach no table. The job is written by validate_dataset, the result is read by the next
state that reaches one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Reason
from sluice.project.schema import ProjectSpec, canonical, parse_project


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """A model that somebody registered: `file` is the one to open, `files` all that lie beside it."""

    flavor: Literal["onnx", "sklearn"]
    format: str
    file: str
    files: Mapping[str, ArtefactRef]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """`code` is None for a pipeline that project.yaml declares; `train` is the training side; a `given`
    model is opened instead of one that is fitted.
    """

    training_id: str
    spec: ProjectSpec
    code: ArtefactRef | None
    train: ArtefactRef
    given: GivenFiles | None = None

    def to_bytes(self) -> bytes:
        document = {
            "v": 1,
            "training_id": self.training_id,
            "spec": json.loads(canonical(self.spec)),
            "code": asdict(self.code) if self.code else None,
            "train": asdict(self.train),
            "given": asdict(self.given) if self.given else None,
        }
        return json.dumps(document, sort_keys=True).encode()

    @classmethod
    def parse(cls, content: bytes) -> TrainingJob:
        document = json.loads(content)
        code, given = document["code"], document.get("given")
        return cls(
            document["training_id"],
            parse_project(document["spec"]),
            ArtefactRef(**code) if code else None,
            ArtefactRef(**document["train"]),
            TypeAdapter(GivenFiles).validate_python(given) if given else None,
        )


@dataclass(frozen=True, slots=True)
class IsolatedResult:
    """What a state found. Times are RFC 3339."""

    stage: str
    outcome: str
    started_at: str
    ended_at: str
    reasons: tuple[Reason, ...] = ()
    artefacts: Mapping[str, ArtefactRef] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return json.dumps({"v": 1, **asdict(self)}, sort_keys=True).encode()

    @classmethod
    def parse(cls, content: bytes) -> IsolatedResult:
        """ValueError (pydantic's) for what is no result."""
        document = json.loads(content)
        document.pop("v", None)
        return _RESULT.validate_python(document)


_RESULT = TypeAdapter(IsolatedResult)
