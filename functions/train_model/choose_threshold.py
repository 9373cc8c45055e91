"""Where a probability becomes a label: as project.yaml says, or cheapest on the training side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from functions.train_model.check_model import FittedModel
from sluice.domain import frames
from sluice.domain.frames import Frame
from sluice.project.schema import ProjectSpec

_FOLDS = 5


def choose_threshold(spec: ProjectSpec, frame: Frame, train: Callable[[Frame], FittedModel]) -> float:
    """A fixed threshold as it stands; with costs, the cheapest on rows that a fold's model never saw."""
    costs = spec.evaluation.cost_matrix
    if costs is None:
        return given_threshold(spec)
    positive = np.equal(frame[spec.target.name].astype(np.str_), spec.target.positive or "")
    folds = min(_FOLDS, int(positive.sum()), int((~positive).sum()))
    if folds < 2:  # noqa: PLR2004 - nothing to hold out: the threshold that calibrated probabilities want
        return given_threshold(spec)
    chances = _held_out(frame, positive, folds, spec.training.seed, train)
    return cheapest(chances, positive, costs.false_positive, costs.false_negative)


def given_threshold(spec: ProjectSpec) -> float:
    """Without a model that could be fitted again: as project.yaml says, or what calibrated probabilities
    want at its costs.
    """
    costs = spec.evaluation.cost_matrix
    if costs is None:
        return spec.evaluation.threshold if spec.evaluation.threshold is not None else 0.5
    return costs.false_positive / (costs.false_positive + costs.false_negative)


def cheapest(
    chances: NDArray[np.float64], positive: NDArray[np.bool_], false_positive: float, false_negative: float
) -> float:
    """The threshold of the lowest total cost, halfway between two chances; of equally cheap ones the one
    nearest to what calibrated probabilities would want.
    """
    order = np.argsort(chances, kind="stable")
    sorted_chances, sorted_positive = chances[order], positive[order]
    missed = np.concatenate([[0], np.cumsum(sorted_positive)])
    false_alarms = (~positive).sum() - np.concatenate([[0], np.cumsum(~sorted_positive)])
    cost = missed * false_negative + false_alarms * false_positive
    padded = np.concatenate([[0.0], sorted_chances, [1.0]])
    cuts = (padded[:-1] + padded[1:]) / 2
    possible = np.concatenate([[True], sorted_chances[1:] > sorted_chances[:-1], [True]])
    cost = np.where(possible, cost, np.inf)
    best = np.flatnonzero(cost == cost.min())
    wanted = false_positive / (false_positive + false_negative)
    return float(cuts[best[np.abs(cuts[best] - wanted).argmin()]])


def _held_out(
    frame: Frame,
    positive: NDArray[np.bool_],
    folds: int,
    seed: int,
    train: Callable[[Frame], FittedModel],
) -> NDArray[np.float64]:
    chances = np.zeros(len(positive))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for learned, held_out in splitter.split(np.zeros(len(positive)), positive):
        model = train(frames.take(frame, learned))
        chances[held_out] = model.answers(frames.take(frame, held_out))[:, model.positive]
    return chances
