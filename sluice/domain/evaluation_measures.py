"""The measures of a model on rows whose answers are known: one row of a table each.

A measure is a mean of per-row values, the root of one, or the area under the ROC curve; that decides
how its interval and its paired difference are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from sluice.domain import statistics
from sluice.domain.statistics import Estimate, Matrix, Vector

_Number = TypeVar("_Number", bound=np.generic)
Task = Literal["binary", "multiclass", "regression"]

_SMALLEST = 1e-15


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model answered on n rows. Classification: `truth` and `labels` are class numbers,
    `probabilities` [n, classes], `positive` the positive class's number; regression: `values`.
    `costs`: of a false positive and of a false negative.
    """

    task: Task
    truth: NDArray[np.float64]
    values: Vector | None = None
    probabilities: Matrix | None = None
    labels: NDArray[np.intp] | None = None
    positive: int = 1
    costs: tuple[float, float] | None = None

    @property
    def rows(self) -> int:
        return len(self.truth)

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        return np.equal(self.truth, self.positive)

    @property
    def chance(self) -> Vector:
        """Probability of the positive class."""
        return _given(self.probabilities)[:, self.positive]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.equal(_given(self.labels), self.truth)


@dataclass(frozen=True, slots=True)
class Measure:
    """`per_row` gives the values whose mean (or root of the mean) the measure is; None for AUC."""

    name: str
    higher_is_better: bool
    kind: Literal["area", "mean", "share", "root", "bootstrapped mean"]
    per_row: Callable[[Answers], Vector] | None


def estimate(name: str, answers: Answers) -> Estimate:
    """The measure with its interval."""
    measure = MEASURES[name]
    if measure.per_row is None:
        return statistics.auc(answers.is_positive, answers.chance)
    values = measure.per_row(answers)
    if measure.kind == "share":
        return statistics.proportion(int(values.sum()), len(values))
    if measure.kind == "mean":
        return statistics.mean(values)
    statistic = partial(_of_weights, values, root=measure.kind == "root")
    return statistics.bootstrap(statistic, len(values))


def improvement(name: str, candidate: Answers, other: Answers) -> Estimate:
    """How much better the candidate is than another model on the same rows; positive is better."""
    measure = MEASURES[name]
    if measure.per_row is None:
        return statistics.auc_difference(candidate.is_positive, candidate.chance, other.chance)
    mine, theirs = measure.per_row(candidate), measure.per_row(other)
    sign = 1.0 if measure.higher_is_better else -1.0
    if measure.kind in {"mean", "share"}:
        return statistics.mean(sign * (mine - theirs), "paired differences")
    is_root = measure.kind == "root"

    def statistic(weights: Matrix) -> Vector:
        return sign * (_of_weights(mine, weights, root=is_root) - _of_weights(theirs, weights, root=is_root))

    return statistics.bootstrap(statistic, len(mine))


def _of_weights(values: Vector, weights: Matrix, *, root: bool) -> Vector:
    means: Vector = weights @ values / np.maximum(weights.sum(axis=1), _SMALLEST)
    return np.sqrt(means) if root else means


def _given(array: NDArray[_Number] | None) -> NDArray[_Number]:
    if array is None:
        raise ValueError("these answers have no such part")
    return array


def _brier(answers: Answers) -> Vector:
    squared: Vector = (answers.chance - answers.is_positive) ** 2
    return squared


def _log_loss(answers: Answers) -> Vector:
    chances = _given(answers.probabilities)[np.arange(answers.rows), answers.truth.astype(np.intp)]
    return -np.log(np.clip(chances, _SMALLEST, 1.0))


def _mean_cost(answers: Answers) -> Vector:
    false_positive, false_negative = answers.costs or (1.0, 1.0)
    cost = np.where(answers.is_positive, false_negative, false_positive)
    return np.where(answers.right, 0.0, cost)


def _squared_error(answers: Answers) -> Vector:
    squared: Vector = (_given(answers.values) - answers.truth) ** 2
    return squared


def _absolute_error(answers: Answers) -> Vector:
    return np.abs(_given(answers.values) - answers.truth)


_ROWS = (
    Measure("auc", higher_is_better=True, kind="area", per_row=None),
    Measure("brier", higher_is_better=False, kind="mean", per_row=_brier),
    Measure("mean_cost", higher_is_better=False, kind="mean", per_row=_mean_cost),
    Measure("log_loss", higher_is_better=False, kind="mean", per_row=_log_loss),
    Measure(
        "accuracy",
        higher_is_better=True,
        kind="share",
        per_row=lambda answers: answers.right.astype(np.float64),
    ),
    Measure("rmse", higher_is_better=False, kind="root", per_row=_squared_error),
    Measure("mae", higher_is_better=False, kind="bootstrapped mean", per_row=_absolute_error),
)
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ROWS}
