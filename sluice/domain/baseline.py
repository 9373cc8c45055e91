"""What a model was made from, frozen beside it: bins, and the reference counted into them.

The reference and every later window are counted by the same code into the same bins, so comparing
them compares rows and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sluice.domain.counts import LABELS, QUALITY_METRICS, ROWS, Counts, Task, Vector
from sluice.domain.evaluation_measures import MEASURES, Answers
from sluice.domain.frames import Column
from sluice.domain.histograms import SCORE_EDGES, Bins, bins_for, number_bins
from sluice.domain.split import TEST, TRAIN

MINIMUM_TEST_ROWS = 200
"""With fewer test rows in the newest part, the whole test side is the reference of outputs and quality."""

Outputs = NDArray[np.float64]
Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Baseline:
    """`features`: bins by name. `prediction`: bins of the output (binary: chance of the positive class;
    multiclass: the likeliest class; regression: the value). `scores`: finer bins, for the AUC.
    """

    task: Task
    classes: tuple[str, ...]
    positive_class: str | None
    threshold: float | None
    features: Mapping[str, Bins]
    prediction: Bins
    scores: Bins | None
    reference: Counts
    reference_fraction: float

    def count_rows(self, columns: Columns, outputs: Outputs) -> Counts:
        """Counts of n scored rows; a feature that is absent from `columns` counts as missing."""
        rows = len(outputs)
        parts: dict[str, Vector] = {
            ROWS: (rows,),
            "prediction": _vector(self.prediction.count(self._shown(outputs))),
        }
        for name, bins in self.features.items():
            missing = [0] * (bins.size - 1) + [rows]
            parts[f"feature/{name}"] = (
                _vector(bins.count(columns[name])) if name in columns else tuple(missing)
            )
        return Counts(parts)

    def count_labels(self, outputs: Outputs, labels: NDArray[np.float64]) -> Counts:
        """Counts of n rows whose truth is known: class numbers (binary: 1 is positive), or values."""
        answers = _answers(self.task, outputs, labels, self.threshold)
        parts: dict[str, Vector] = {LABELS: (len(labels),)}
        for name in QUALITY_METRICS[self.task]:
            per_row = MEASURES[name].per_row
            if per_row is not None:
                values = per_row(answers)
                parts[f"loss/{name}"] = (float(values.sum()), float((values**2).sum()))
        if self.scores is not None:
            positive = labels == 1
            parts["scores/positive"] = _vector(self.scores.count(outputs[positive]))
            parts["scores/negative"] = _vector(self.scores.count(outputs[~positive]))
        return Counts(parts)

    def to_json(self) -> bytes:
        """Canonical: equal baselines give equal bytes, whose sha256 the model's manifest holds."""
        document = {
            "v": 1,
            "task": self.task,
            "classes": list(self.classes),
            "positive_class": self.positive_class,
            "threshold": self.threshold,
            "features": [{"name": name, **bins.to_json()} for name, bins in self.features.items()],
            "prediction": self.prediction.to_json(),
            "scores": self.scores.to_json() if self.scores else None,
            "reference": {name: list(vector) for name, vector in self.reference.parts.items()},
            "reference_fraction": self.reference_fraction,
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Baseline:
        """What `to_json` wrote; KeyError, TypeError or ValueError for anything else."""
        document: dict[str, Any] = json.loads(content)
        return cls(
            task=document["task"],
            classes=tuple(document["classes"]),
            positive_class=document["positive_class"],
            threshold=document["threshold"],
            features={entry["name"]: Bins.from_json(entry) for entry in document["features"]},
            prediction=Bins.from_json(document["prediction"]),
            scores=Bins.from_json(document["scores"]) if document["scores"] else None,
            reference=Counts({name: tuple(vector) for name, vector in document["reference"].items()}),
            reference_fraction=document["reference_fraction"],
        )

    def _shown(self, outputs: Outputs) -> Column:
        if self.task != "multiclass":
            return outputs
        named: NDArray[np.str_] = np.array(self.classes, dtype=np.str_)[outputs.argmax(axis=1)]
        return named


def build_baseline(  # noqa: PLR0913 - a model, its data and its answers
    *,
    task: Task,
    features: Sequence[tuple[str, str]],
    train: Columns,
    test: Columns,
    sides: NDArray[np.float64],
    outputs: Outputs,
    labels: NDArray[np.float64],
    threshold: float | None = None,
    classes: Sequence[str] = (),
    positive_class: str | None = None,
    reference_fraction: float = 1.0,
) -> Baseline:
    """Freeze the reference of a model.

    `features`: (name, dtype). `sides`: the side of each row of the data file (sluice.domain.split);
    `train` and `test` hold the columns of those rows, all in file order. `outputs` and `labels` are of the
    test side: chance of the positive class [n], of each class [n, k], or values [n]; 0/1, class numbers, or
    values. Inputs are taken from all rows of the newest `reference_fraction` of the file, outputs and
    quality from its test side.
    """
    new_train, new_test = _newest(sides, reference_fraction)
    columns = {name: np.concatenate([train[name][new_train], test[name][new_test]]) for name, _ in features}
    if int(new_test.sum()) < MINIMUM_TEST_ROWS:
        new_test[:] = True
    outputs, truth = np.asarray(outputs, dtype=np.float64)[new_test], np.asarray(labels, dtype=np.float64)
    empty = Baseline(
        task=task,
        classes=tuple(classes),
        positive_class=positive_class,
        threshold=threshold,
        features={name: bins_for(dtype, columns[name]) for name, dtype in features},
        prediction=_prediction_bins(task, classes, outputs),
        scores=number_bins(outputs, SCORE_EDGES) if task == "binary" else None,
        reference=Counts(),
        reference_fraction=reference_fraction,
    )
    return replace(empty, reference=_reference(empty, columns, outputs, truth[new_test]))


def _prediction_bins(task: Task, classes: Sequence[str], outputs: Outputs) -> Bins:
    return Bins("category", categories=tuple(classes)) if task == "multiclass" else number_bins(outputs)


def _reference(empty: Baseline, columns: Columns, outputs: Outputs, truth: NDArray[np.float64]) -> Counts:
    inputs = {f"feature/{name}": _vector(bins.count(columns[name])) for name, bins in empty.features.items()}
    known = {**empty.count_rows({}, outputs).parts, **empty.count_labels(outputs, truth).parts}
    return Counts({**known, **inputs})


def _newest(sides: NDArray[np.float64], fraction: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows of the train and of the test side lie in the newest part of the file."""
    number = np.arange(len(sides))
    new = number >= len(sides) - round(len(sides) * fraction)
    return new[sides == TRAIN], new[sides == TEST]


def _answers(task: Task, outputs: Outputs, labels: NDArray[np.float64], threshold: float | None) -> Answers:
    if task == "regression":
        return Answers(task, labels, values=outputs)
    if task == "multiclass":
        return Answers(task, labels, probabilities=outputs, labels=outputs.argmax(axis=1))
    predicted = (outputs >= (0.5 if threshold is None else threshold)).astype(np.intp)
    return Answers(task, labels, probabilities=np.stack([1 - outputs, outputs], axis=1), labels=predicted)


def _vector(counted: NDArray[np.int64]) -> Vector:
    return tuple(int(count) for count in counted)
