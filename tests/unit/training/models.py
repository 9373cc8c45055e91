"""Builders: small projects, frames and fitted models, for what happens inside train_model."""

from __future__ import annotations

from typing import Any

import numpy as np

from functions.train_model.check_model import FittedModel, checked_model
from functions.train_model.training_context import TrainingContext, context_of, data_frame
from sluice.domain.frames import Frame
from sluice.domain.parity import to_float32
from sluice.project.schema import ProjectSpec, parse_project


def project(task: str = "binary", *, nullable: bool = True, **sections: Any) -> ProjectSpec:
    """Two numbers, a truth value and a text; the target is y."""
    target_dtype = "number" if task == "regression" else "string"
    document: dict[str, Any] = {
        "name": "small",
        "purpose": "to be tested",
        "owners": ["us@example.com"],
        "contract": {
            "columns": [
                {"name": "amount", "role": "feature", "dtype": "number", "nullable": nullable},
                {"name": "months", "role": "feature", "dtype": "integer", "minimum": 0.0},
                {"name": "known", "role": "feature", "dtype": "boolean"},
                {"name": "status", "role": "feature", "dtype": "string", "nullable": nullable},
                {"name": "y", "role": "target", "dtype": target_dtype},
            ]
        },
        "target": {"name": "y", "positive": "yes"} if task == "binary" else {"name": "y"},
        "training": {"entry": "train:train", "seed": 3},
        "evaluation": {"task": task},
    }
    return parse_project(document | sections)


def rows(task: str = "binary", n: int = 400, *, nullable: bool = True, seed: int = 0) -> Frame:
    generator = np.random.default_rng(seed)
    amount, months = generator.normal(2_000, 900, n), generator.integers(1, 60, n).astype(np.float64)
    known, status = (
        generator.integers(0, 2, n).astype(np.float64),
        generator.choice(["low", "mid", "high"], n),
    )
    signal = amount / 900 + months / 20 - known + (status == "high") + generator.normal(size=n)
    y: Any = {
        "binary": np.where(signal > np.median(signal), "yes", "no"),
        "multiclass": np.asarray(["a", "b", "c"])[np.digitize(signal, np.quantile(signal, [0.3, 0.7]))],
        "regression": signal,
    }[task]
    if nullable:
        amount[::17] = np.nan
        status[::19] = ""
    frame: Frame = {"amount": amount, "months": months, "known": known, "status": status, "y": y}
    return {name: to_float32(column) for name, column in frame.items()}


def context(spec: ProjectSpec, frame: Frame) -> TrainingContext:
    return context_of(spec, frame)


def fitted(estimator: Any, spec: ProjectSpec, frame: Frame, features: list[str] | None = None) -> FittedModel:
    """The estimator, fitted on the frame as training code would, and checked."""
    names = features or [column.name for column in spec.contract.features]
    data = data_frame(frame)
    estimator.fit(data[names], data["y"])
    return checked_model(estimator, spec, names, np.unique(frame["y"]))
