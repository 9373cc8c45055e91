"""How a candidate is judged: on which rows, by which measures, against which limits."""

from typing import Literal

from pydantic import Field

from sluice.project.metrics import PRIMARY_METRICS, Task, metrics_of
from sluice.project.section import ColumnName, Fraction, Section, Text


class Split(Section):
    """Which rows test. A row's side is fixed for ever, so no test row trains any version.

    hash: a salted hash of the id column (of the content where there is none) below `test_fraction`.
    time: rows at or after `cutoff` in `column`. row: rows from number `cutoff_row` (from 0) on.
    """

    by: Literal["hash", "time", "row"] = "hash"
    """Which of the three rules."""
    test_fraction: Fraction | None = Field(default_factory=lambda data: 0.3 if data["by"] == "hash" else None)
    """hash: the share of rows that test; 0.3 unless said otherwise."""
    column: ColumnName | None = None
    """time: the column with role time."""
    cutoff: Text | None = None
    """time: ISO 8601."""
    cutoff_row: int | None = Field(default=None, ge=1)
    """row: the first row that tests."""


class CostMatrix(Section):
    """Cost of each mistake; the threshold is chosen by cross-validation on the training side."""

    false_positive: float = Field(gt=0)
    """Of calling a row positive that is not."""
    false_negative: float = Field(gt=0)
    """Of missing a positive row."""


class Bias(Section):
    """One disparity between the groups of each protected column, judged by its confidence interval."""

    metric: Literal["demographic_parity_difference", "equalised_odds_difference"] = (
        "equalised_odds_difference"
    )
    """The one measure that policy names for this use."""
    limit: Fraction | None = None
    """Refused when the interval lies above it; without a limit the measure is only reported."""
    minimum_group_rows: int = Field(default=100, ge=10)
    """A group with fewer is reported as too few rows, not judged."""


def _default_threshold(data: dict[str, object]) -> float | None:
    return 0.5 if data["task"] == "binary" and data["cost_matrix"] is None else None


class Evaluation(Section):
    """How a candidate is judged before a person sees it."""

    task: Task
    """What kind of question the target asks."""
    split: Split = Split()
    metrics: tuple[str, ...] = Field(default_factory=lambda data: metrics_of(data["task"]))
    """All metrics of the task unless said otherwise."""
    primary_metric: str = Field(default_factory=lambda data: PRIMARY_METRICS[data["task"]][0])
    """auc, log_loss or rmse, by task, unless said otherwise."""
    floors: dict[str, float] = Field(default_factory=dict)
    """By metric: at least, or for losses at most, this much."""
    margin: float = Field(default=0.005, ge=0)
    """The largest loss of the primary metric against the champion that still counts as no worse."""
    cost_matrix: CostMatrix | None = None
    threshold: Fraction | None = Field(default_factory=_default_threshold)
    """Binary: label = probability >= threshold; 0.5 unless said otherwise or a cost matrix chooses it."""
    bias: Bias = Bias()
