"""Additive counts: named vectors that add up over batches, so that a window is the difference of two totals.

Standard library only: rooms without numpy store and add them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import add, sub
from typing import Literal

Task = Literal["binary", "multiclass", "regression"]
Vector = tuple[float, ...]

#: What labelled windows are measured by; the first decides unless the project says otherwise. It is a
#: proper score: it answers to a changed rate of positives, to which AUC is blind.
QUALITY_METRICS: Mapping[Task, tuple[str, ...]] = {
    "binary": ("brier", "log_loss", "accuracy", "auc"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse", "mae"),
}

ROWS = "rows"
LABELS = "labels"
_OF_LABELS = ("labels", "loss/", "scores/")


@dataclass(frozen=True, slots=True)
class Counts:
    """Vectors by name; one that is absent is all zero. Addition is commutative and associative.

    `rows`: scored rows [1]. `feature/{name}`: rows by bin, the missing ones last. `prediction`: rows by
    bin of the output. `labels`: rows whose truth is known [1]. `loss/{metric}`: sum and sum of squares
    of the per-row values. `scores/positive`, `scores/negative`: labelled rows by fine bin of the score.
    """

    parts: Mapping[str, Vector] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        return Counts(dict(self._combined(other, add)))

    def __sub__(self, other: Counts) -> Counts:
        return Counts(dict(self._combined(other, sub)))

    @property
    def rows(self) -> int:
        return int(self.parts.get(ROWS, (0,))[0])

    @property
    def labels(self) -> int:
        return int(self.parts.get(LABELS, (0,))[0])

    def about_labels(self) -> Counts:
        """Only what is known of labelled rows."""
        return Counts({name: vector for name, vector in self.parts.items() if name.startswith(_OF_LABELS)})

    def about_rows(self) -> Counts:
        """Only what is known without labels."""
        return Counts(
            {name: vector for name, vector in self.parts.items() if not name.startswith(_OF_LABELS)}
        )

    def to_bytes(self) -> bytes:
        text = json.dumps(self.parts, separators=(",", ":"), sort_keys=True)
        return zlib.compress(text.encode(), level=6)

    @classmethod
    def from_bytes(cls, content: bytes) -> Counts:
        """What `to_bytes` wrote; ValueError or zlib.error for anything else."""
        parts = json.loads(zlib.decompress(content))
        return cls({name: tuple(vector) for name, vector in parts.items()})

    def _combined(
        self, other: Counts, operation: Callable[[float, float], float]
    ) -> Iterator[tuple[str, Vector]]:
        for name in self.parts.keys() | other.parts.keys():
            mine, theirs = self.parts.get(name), other.parts.get(name)
            size = len(mine or theirs or ())
            pairs = zip(mine or (0,) * size, theirs or (0,) * size, strict=True)
            yield name, tuple(operation(one, two) for one, two in pairs)
