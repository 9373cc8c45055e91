"""Is it a model at all? And one function to ask it, whatever its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from functions.train_model.training_context import data_frame
from sluice.domain.errors import Invalid
from sluice.domain.frames import Frame
from sluice.project.schema import ProjectSpec


@dataclass(frozen=True)
class FittedModel:
    """`classes` in the order of its probabilities; none for a regression."""

    estimator: Any
    task: str
    features: Sequence[str]
    classes: tuple[str, ...]
    positive_class: str | None

    @property
    def positive(self) -> int:
        return self.classes.index(self.positive_class or "")

    def answers(self, rows: Frame) -> NDArray[np.float64]:
        """Probabilities [n, classes] or values [n, 1]. Invalid when it cannot answer, or not with numbers."""
        data = data_frame({name: rows[name] for name in self.features})
        ask = self.estimator.predict if self.task == "regression" else self.estimator.predict_proba
        try:
            answer = np.asarray(ask(data), dtype=np.float64)
        except Exception as error:
            message = (
                "the model cannot answer rows with unseen texts, extremes, or missing values where allowed"
            )
            expected = "an answer for every row (handle_unknown, an imputer)"
            raise Invalid.about(
                "code", message, f"{type(error).__name__}: {error}"[:600], expected
            ) from error
        answer = answer.reshape(len(data), -1)
        width = 1 if self.task == "regression" else len(self.classes)
        if answer.shape[1] != width or not np.isfinite(answer).all():
            value = f"shape {answer.shape}, {int((~np.isfinite(answer)).sum())} not finite"
            raise Invalid.about("code", "the model's answers are not usable", value, f"finite, {width} a row")
        return answer


def checked_model(
    fitted: object, spec: ProjectSpec, features: Sequence[str], classes: NDArray[Any]
) -> FittedModel:
    """Invalid unless it is a fitted scikit-learn estimator of the task, the classes and these columns."""
    task = spec.evaluation.task
    needed = ("predict",) if task == "regression" else ("predict_proba", "classes_")
    if not isinstance(fitted, BaseEstimator):
        raise Invalid.about(
            "code", "train returned something else", _kind(fitted), "a fitted scikit-learn estimator"
        )
    if lacking := [name for name in needed if not hasattr(fitted, name)]:
        message = f"the estimator has no {', '.join(lacking)}: is it fitted, and for {task}?"
        raise Invalid.about("code", message, _kind(fitted), f"an estimator with {', '.join(needed)}")
    seen = [str(name) for name in getattr(fitted, "feature_names_in_", features)]
    if unknown := sorted(set(seen) - set(features)):
        raise Invalid.about(
            "code", "it was fitted on columns that are no features", str(unknown), "data[context.features]"
        )
    if task == "regression":
        return FittedModel(fitted, task, features, (), None)
    found = tuple(str(name) for name in np.asarray(fitted.classes_).tolist())
    if set(found) != {str(name) for name in classes.tolist()}:
        raise Invalid.about(
            "code", "the model's classes are not those of the target", str(found), str(classes.tolist())
        )
    return FittedModel(fitted, task, features, found, spec.target.positive)


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
