"""From measured differences to one of six outcomes. The rules stand in docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain import evaluation_measures as measures
from sluice.domain import statistics
from sluice.domain.errors import Reason
from sluice.domain.evaluation_measures import Answers
from sluice.domain.parity import Parity
from sluice.domain.statistics import Estimate

Outcome = Literal["first", "better", "non_inferior", "inconclusive", "worse", "rejected"]


@dataclass(frozen=True, slots=True)
class Floor:
    """An absolute demand on one measure; `passed` looks at the value, not at its interval."""

    metric: str
    limit: float
    value: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Constant:
    """The best answer that ignores every feature, and how much better the candidate is."""

    metric: str
    value: float
    improvement: Estimate

    @property
    def beaten(self) -> bool:
        return self.improvement.interval is not None and self.improvement.interval[0] > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate and champion on the same rows. `difference` is None when they cannot be compared (`why`)."""

    champion_version: int
    champion_digest: str
    why: str | None = None
    difference: Estimate | None = None
    left_out: int = 0
    rows_sha256: str = ""
    only_candidate_right: int = 0
    only_champion_right: int = 0
    mcnemar: float | None = None
    champion_metrics: Mapping[str, Estimate] | None = None


def constant_answers(answers: Answers, training_truth: NDArray[np.float64], metric: str) -> Answers:
    """What the training side alone suggests, for each of the test rows."""
    if answers.task == "regression":
        centre = np.median(training_truth) if metric == "mae" else training_truth.mean()
        return replace(answers, values=np.full(answers.rows, float(centre)))
    classes = 0 if answers.probabilities is None else answers.probabilities.shape[1]
    shares = np.bincount(training_truth.astype(np.intp), minlength=classes) / len(training_truth)
    return replace(
        answers,
        probabilities=np.tile(shares, (answers.rows, 1)),
        labels=np.full(answers.rows, int(shares.argmax())),
    )


def against_constant(answers: Answers, training_truth: NDArray[np.float64], metric: str) -> Constant:
    constant = constant_answers(answers, training_truth, metric)
    if metric != "auc":
        value = measures.estimate(metric, constant).value
        return Constant(metric, value, measures.improvement(metric, answers, constant))
    area = measures.estimate("auc", answers)
    low, high = area.interval or (0.0, 1.0)
    above = replace(area, value=area.value - 0.5, interval=(low - 0.5, high - 0.5))
    return Constant("auc", 0.5, above)


def check_floors(floors: Mapping[str, float], metrics: Mapping[str, Estimate]) -> list[Floor]:
    """At least the limit, or for measures where less is better, at most."""
    found = []
    for name, limit in floors.items():
        value = metrics[name].value
        passed = value >= limit if measures.MEASURES[name].higher_is_better else value <= limit
        found.append(Floor(name, limit, value, bool(passed)))
    return found


def compare(candidate: Answers, champion: Answers, metric: str) -> Estimate:
    return measures.improvement(metric, candidate, champion)


def discordant(candidate: Answers, champion: Answers) -> tuple[int, int, float | None]:
    """Rows only the candidate, and only the champion, labels right; McNemar's exact p (classification)."""
    if candidate.labels is None or champion.labels is None:
        return 0, 0, None
    mine = int((candidate.right & ~champion.right).sum())
    theirs = int((champion.right & ~candidate.right).sum())
    return mine, theirs, statistics.mcnemar(mine, theirs)


def refusals(parity: Parity, constant: Constant, floors: Sequence[Floor]) -> list[Reason]:
    """Why a candidate cannot be registered at all; empty when it can."""
    reasons = []
    if not parity.passed:
        reasons.append(parity.reason())
    if not constant.beaten:
        low, high = constant.improvement.interval or (float("nan"), float("nan"))
        value = f"improvement {constant.improvement.value:.4g}, interval {low:.4g} to {high:.4g}"
        message = f"not better than a constant answer ({constant.metric} {constant.value:.4g})"
        expected = f"an interval above 0 (n = {constant.improvement.n})"
        reasons.append(Reason(f"evaluation.{constant.metric}", message, value, expected))
    for floor in floors:
        if not floor.passed:
            side = "at least" if measures.MEASURES[floor.metric].higher_is_better else "at most"
            path = f"evaluation.floors.{floor.metric}"
            reasons.append(
                Reason(path, "the floor is not reached", f"{floor.value:.6g}", f"{side} {floor.limit:g}")
            )
    return reasons


def decide(*, refused: bool, comparison: Comparison | None, margin: float) -> Outcome:
    """The first rule that holds, in the order of docs/evaluation.md."""
    if refused:
        return "rejected"
    if comparison is None:
        return "first"
    if comparison.difference is None or comparison.difference.interval is None:
        return "inconclusive"
    low, high = comparison.difference.interval
    if low > 0:
        return "better"
    if low > -margin:
        return "non_inferior"
    return "worse" if high < 0 else "inconclusive"
