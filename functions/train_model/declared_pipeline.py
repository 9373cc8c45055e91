"""A scikit-learn pipeline from its declaration in project.yaml, fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn import compose, ensemble, impute, linear_model, neural_network, pipeline, preprocessing

from functions.train_model.training_context import TrainingContext
from sluice.project.training import Pipeline, Step

if TYPE_CHECKING:
    import pandas as pd

_MODULES = (preprocessing, impute, linear_model, ensemble, neural_network)


def declared_pipeline(declared: Pipeline, data: pd.DataFrame, context: TrainingContext) -> Any:  # noqa: ANN401
    """Number features through `numeric`, text features through `categorical`, then the model."""
    parts = [
        ("numeric", declared.numeric, context.numeric),
        ("categorical", declared.categorical, context.categorical),
    ]
    transformers = [(name, _steps(steps, context.seed), columns) for name, steps, columns in parts if columns]
    model = pipeline.Pipeline(
        [
            ("columns", compose.ColumnTransformer(transformers)),
            ("model", _made(declared.model, context.seed)),
        ]
    )
    return model.fit(data[context.features], data[context.target])


def _steps(steps: tuple[Step, ...], seed: int) -> Any:  # noqa: ANN401 - an estimator or "passthrough"
    if not steps:
        return "passthrough"
    return pipeline.make_pipeline(*(_made(step, seed) for step in steps))


def _made(step: Step, seed: int) -> Any:  # noqa: ANN401 - scikit-learn is not typed
    """The class with its arguments. The project's seed where it takes one; unseen texts get an answer."""
    kind = next(getattr(module, step.use) for module in _MODULES if hasattr(module, step.use))
    accepted = kind().get_params()
    defaults: dict[str, Any] = {"random_state": seed} if "random_state" in accepted else {}
    defaults |= _TOLERANT.get(step.use, {})
    return kind(**{**defaults, **step.arguments})


#: scikit-learn's own defaults stop at the first value that training has not seen.
_TOLERANT: dict[str, dict[str, Any]] = {
    "OneHotEncoder": {"handle_unknown": "ignore"},
    "OrdinalEncoder": {"handle_unknown": "use_encoded_value", "unknown_value": -1},
}
