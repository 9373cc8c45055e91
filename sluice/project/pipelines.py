"""Which declared pipelines are accepted: those known to convert to ONNX without changing an answer."""

from collections.abc import Iterator

from sluice.domain.errors import Reason
from sluice.project.metrics import Task
from sluice.project.reasons import did_you_mean, one_of, shown
from sluice.project.training import (
    CATEGORICAL_STEPS,
    CLASSIFIERS,
    NUMERIC_STEPS,
    REGRESSORS,
    SCALERS,
    TREES,
    Pipeline,
    Step,
)


def pipeline_reasons(pipeline: Pipeline, task: Task) -> Iterator[Reason]:
    models = REGRESSORS if task == "regression" else CLASSIFIERS
    yield from _step("training.pipeline.model", pipeline.model, models)
    for number, step in enumerate(pipeline.numeric):
        path = f"training.pipeline.numeric[{number}]"
        yield from _step(path, step, NUMERIC_STEPS)
        if step.use in SCALERS and pipeline.model.use in TREES:
            message = "a scaler before trees changes answers when converted, and trees need none"
            yield Reason(f"{path}.use", message, shown(step.use), "no scaler")
    for number, step in enumerate(pipeline.categorical):
        yield from _step(f"training.pipeline.categorical[{number}]", step, CATEGORICAL_STEPS)


def _step(path: str, step: Step, allowed: tuple[str, ...]) -> Iterator[Reason]:
    if step.use not in allowed:
        message = f"not an allowed class here{did_you_mean(step.use, allowed)}"
        yield Reason(f"{path}.use", message, shown(step.use), one_of(allowed))
