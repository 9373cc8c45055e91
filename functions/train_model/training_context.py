"""What training code is given. The contract with those who write it: docs/training-code.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sluice.domain.frames import Frame
from sluice.project.schema import ProjectSpec


@dataclass(frozen=True)
class TrainingContext:
    """`numeric` are number, integer and boolean features, `categorical` the string ones."""

    target: str
    features: list[str]
    numeric: list[str]
    categorical: list[str]
    task: str
    classes: list[str]
    positive_class: str | None
    seed: int
    parameters: Mapping[str, bool | int | float | str | None]
    limit_seconds: int

    def log(self, message: object) -> None:
        """A line in the training's log."""
        print(message, flush=True)  # noqa: T201 - the parent keeps the output


def context_of(spec: ProjectSpec, frame: Frame) -> TrainingContext:
    columns = spec.contract.features
    is_regression = spec.evaluation.task == "regression"
    return TrainingContext(
        target=spec.target.name,
        features=[column.name for column in columns],
        numeric=[column.name for column in columns if column.dtype != "string"],
        categorical=[column.name for column in columns if column.dtype == "string"],
        task=spec.evaluation.task,
        classes=[] if is_regression else [str(name) for name in np.unique(frame[spec.target.name])],
        positive_class=spec.target.positive,
        seed=spec.training.seed,
        parameters=dict(spec.training.parameters),
        limit_seconds=spec.training.limit_seconds,
    )


def data_frame(frame: Frame) -> pd.DataFrame:
    """Numbers as float64, texts as plain Python strings in object columns (not pandas' own string type)."""
    return pd.DataFrame(
        {
            name: pd.Series(column, dtype=np.float64 if column.dtype.kind == "f" else object)
            for name, column in frame.items()
        }
    )
