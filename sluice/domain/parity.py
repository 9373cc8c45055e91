"""Does the ONNX file answer what scikit-learn answered? Some pipelines convert wrongly without a word.

The rows asked are training rows and, feature by feature, what production will bring one day: unseen
categories, missing values, extremes. scikit-learn's answers travel with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain import frames
from sluice.domain.contract_columns import FeatureRule
from sluice.domain.errors import Reason
from sluice.domain.frames import Column, Frame

TOLERANCE = 1e-5
UNSEEN = "~never seen in training~"

_LEAST_ROWS, _MOST_ROWS, _EDGE_ROWS = 1_000, 4_000, 3
_EXPECTED = "\x00expected"  # no column's name may hold a control character


@dataclass(frozen=True, slots=True)
class ParitySet:
    """Rows and scikit-learn's answers: [n, classes] probabilities, or [n, 1] values."""

    frame: Frame
    expected: NDArray[np.float64]

    def to_bytes(self) -> bytes:
        answers = {f"{_EXPECTED}{k}": column for k, column in enumerate(self.expected.T)}
        return frames.to_bytes({**self.frame, **answers})

    @classmethod
    def from_bytes(cls, content: bytes) -> ParitySet:
        stored = frames.from_bytes(content)
        answers = [column for name, column in stored.items() if name.startswith(_EXPECTED)]
        frame = {name: column for name, column in stored.items() if not name.startswith(_EXPECTED)}
        return cls(frame, np.stack(answers, axis=1).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Parity:
    """`max_difference`: of probabilities, or of values relative to their size. Labels are by threshold."""

    rows: int
    max_difference: float
    label_differences: int
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        return bool(self.max_difference <= self.tolerance)

    def reason(self) -> Reason:
        message = f"the served ONNX file does not answer as its model does on {self.rows} rows"
        value = f"largest difference {self.max_difference:.3g}, {self.label_differences} labels differ"
        return Reason("model.onnx", message, value, f"at most {self.tolerance:g}")


def to_float32(column: Column) -> Column:
    """Numbers as the served model is given them: rounded to 32 bits, kept in 64."""
    return column.astype(np.float32).astype(np.float64) if column.dtype.kind == "f" else column


def parity_rows(training: Mapping[str, Column], features: Sequence[FeatureRule], seed: int) -> Frame:
    """At least 1,000 rows: training rows (recombined where there are too few), then each feature's edges."""
    generator = np.random.default_rng(seed)
    columns = {feature.name: training[feature.name] for feature in features}
    n = frames.row_count(columns)
    base = frames.take(columns, generator.permutation(n)[:_MOST_ROWS])
    parts = [base]
    if n < _LEAST_ROWS:
        extra = _LEAST_ROWS - n
        parts.append({name: column[generator.integers(0, n, extra)] for name, column in columns.items()})
    for feature in features:
        for value in _edges(feature, columns[feature.name]):
            rows = frames.take(columns, generator.integers(0, n, _EDGE_ROWS))
            parts.append({**rows, feature.name: np.full(_EDGE_ROWS, value)})
    return {name: to_float32(np.concatenate([part[name] for part in parts])) for name in columns}


def compare(
    expected: NDArray[np.float64],
    answered: NDArray[np.float64],
    *,
    task: Literal["binary", "multiclass", "regression"],
    positive: int = 1,
    threshold: float = 0.5,
) -> Parity:
    """Largest difference, and labels that differ; an answer that is no number differs infinitely."""
    difference = np.abs(expected - answered)
    if task == "regression":
        difference = difference / np.maximum(np.abs(expected), max(float(expected.std()), 1e-12))
        return Parity(len(expected), _largest(difference), 0)
    if task == "binary":
        labels = [answers[:, positive] >= threshold for answers in (expected, answered)]
    else:
        labels = [answers.argmax(axis=1) for answers in (expected, answered)]
    return Parity(len(expected), _largest(difference), int((labels[0] != labels[1]).sum()))


def _largest(difference: NDArray[np.float64]) -> float:
    return float(np.where(np.isnan(difference), np.inf, difference).max())


def _edges(feature: FeatureRule, column: Column) -> Iterator[float | str]:
    if feature.dtype == "string":
        yield UNSEEN
        if feature.nullable:
            yield ""
        return
    if feature.nullable:
        yield float("nan")
    if feature.dtype == "boolean":
        yield from (0.0, 1.0)
        return
    known = column[~np.isnan(column.astype(np.float64))].astype(np.float64)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    reach = max(high - low, 1.0)
    whole = feature.dtype == "integer"
    for value in (low, high, feature.minimum, feature.maximum, *_beyond(feature, low, high, reach)):
        if value is not None:
            yield float(round(value)) if whole else value


def _beyond(feature: FeatureRule, low: float, high: float, reach: float) -> Iterator[float]:
    """A range that the contract does not close is exceeded, as the future will."""
    if feature.minimum is None:
        yield low - 3 * reach
    if feature.maximum is None:
        yield high + 3 * reach
