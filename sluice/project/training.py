"""How a model is fitted: code of the project's own, or a declared scikit-learn pipeline."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sluice.project.section import Section

Entry = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$", max_length=200)
]

#: What converts to ONNX correctly in which place; anything else needs training code of its own.
NUMERIC_STEPS = (
    "SimpleImputer",
    "StandardScaler",
    "MinMaxScaler",
    "RobustScaler",
    "QuantileTransformer",
    "KBinsDiscretizer",
    "PolynomialFeatures",
)
CATEGORICAL_STEPS = ("SimpleImputer", "OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
TREES = (
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
)
CLASSIFIERS = (
    "LogisticRegression",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
    "MLPClassifier",
)
REGRESSORS = ("Ridge", "PoissonRegressor", "RandomForestRegressor")
#: A scaler's float32 rounding moves values across a tree's split points.
SCALERS = ("StandardScaler", "MinMaxScaler", "RobustScaler", "QuantileTransformer")

Argument = bool | int | float | str | None


class Step(Section):
    """One scikit-learn class and its keyword arguments."""

    use: str
    """The class's name, of those that are known to convert rightly."""
    arguments: dict[str, Argument] = Field(default_factory=dict)
    """Its keyword arguments."""


class Pipeline(Section):
    """Steps for number, integer and boolean features, steps for string features, and the model."""

    numeric: tuple[Step, ...] = ()
    """For number, integer and boolean features."""
    categorical: tuple[Step, ...] = ()
    """For string features, whose missing value is ''."""
    model: Step
    """The estimator at the end."""


class Training(Section):
    """Exactly one of `entry` and `pipeline`."""

    entry: Entry | None = None
    """module:function in the project's folder, called as function(data, context)."""
    pipeline: Pipeline | None = None
    """Instead of code."""
    parameters: dict[str, Argument] = Field(default_factory=dict)
    """Handed to the training code as `context.parameters`."""
    registered_models: Literal["evaluate"] | None = None
    """`evaluate`: a version that somebody registers through MLflow under the project's name is evaluated
    and promoted like a trained one. Without it such a version is only registered.
    """
    limit_seconds: int = Field(default=300, ge=5, le=840)
    """The process is killed after this; so are the project's tests."""
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    """Handed to the training code as `context.seed`."""
