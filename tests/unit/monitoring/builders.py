"""A small binary model: two numbers and a category, scores that rank, labels drawn from the scores."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from sluice.domain.baseline import Baseline, build_baseline
from sluice.domain.counts import Counts
from sluice.domain.frames import Frame

FEATURES = (("age", "integer"), ("income", "number"), ("channel", "string"))
Numbers = NDArray[np.float64]


def columns_of(rows: int, seed: int) -> Frame:
    draw = np.random.default_rng(seed)
    return {
        "age": draw.integers(18, 80, rows).astype(np.float64),
        "income": draw.normal(0.0, 1.0, rows),
        "channel": draw.choice(["web", "branch", "phone"], rows, p=[0.6, 0.3, 0.1]),
    }


def outputs_of(columns: Frame) -> Numbers:
    chance: Numbers = 1 / (1 + np.exp(-columns["income"].astype(np.float64)))
    return chance


def labels_of(outputs: Numbers, seed: int) -> Numbers:
    return (np.random.default_rng(seed).random(len(outputs)) < outputs).astype(np.float64)


@cache
def baseline_of(rows: int = 10_000) -> Baseline:
    columns = columns_of(rows, seed=1)
    sides = (np.arange(rows) % 3 == 0).astype(np.float64)
    test = {name: column[sides == 1] for name, column in columns.items()}
    outputs = outputs_of(test)
    return build_baseline(
        task="binary",
        features=FEATURES,
        train={name: column[sides == 0] for name, column in columns.items()},
        test=test,
        sides=sides,
        outputs=outputs,
        labels=labels_of(outputs, seed=11),
        threshold=0.5,
        classes=("no", "yes"),
        positive_class="yes",
    )


def window_of(columns: Frame, outputs: Numbers | None = None) -> Counts:
    return baseline_of().count_rows(columns, outputs_of(columns) if outputs is None else outputs)


def shifted(columns: Frame, name: str, by: float) -> Frame:
    """The same columns, one of them moved."""
    return {**columns, name: columns[name].astype(np.float64) + by}
