"""The fitted model as ONNX: one input a feature, equal models as equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from functions.train_model.check_model import FittedModel
from functions.train_model.training_context import data_frame
from sluice.domain.contract_columns import FeatureRule
from sluice.domain.errors import Invalid

_OPSET = {"": 21, "ai.onnx.ml": 3}


@dataclass(frozen=True, slots=True)
class Outputs:
    """Names of the graph's outputs."""

    probability: str | None
    value: str | None


def export_onnx(model: FittedModel, features: Sequence[FeatureRule]) -> tuple[bytes, Outputs]:
    """The bytes and the output names. Invalid when skl2onnx cannot convert the model."""
    inputs = [
        (
            feature.name,
            StringTensorType([None, 1]) if feature.dtype == "string" else FloatTensorType([None, 1]),
        )
        for feature in features
    ]
    try:
        graph = _converted(model, inputs)
    except Exception as error:
        message, value = "the model cannot be converted to ONNX", f"{type(error).__name__}: {error}"[:800]
        raise Invalid.about("model.onnx", message, value, "estimators that convert") from error
    _restore_names(graph, [name for name, _ in inputs])
    return canonical(graph), _outputs(graph, model.task)


def _converted(model: FittedModel, inputs: list[tuple[str, Any]]) -> Any:  # noqa: ANN401 - onnx is not typed
    """A bare estimator takes a matrix, not a column an input; only numbers can be gathered into one."""
    only_numbers = not any(isinstance(kind, StringTensorType) for _, kind in inputs)
    is_bare = not isinstance(model.estimator, Pipeline)
    estimator = _gathered(model) if only_numbers and is_bare else model.estimator
    return _convert(estimator, model, inputs)


def _gathered(model: FittedModel) -> Pipeline:
    """A model that takes a matrix, behind a step that gathers the columns into one."""
    columns = ColumnTransformer([("all", "passthrough", list(model.features))])
    columns.fit(data_frame({name: np.zeros(1) for name in model.features}))
    return Pipeline([("columns", columns), ("model", model.estimator)])


def _convert(estimator: Any, model: FittedModel, inputs: list[tuple[str, Any]]) -> Any:  # noqa: ANN401
    options = None if model.task == "regression" else {id(model.estimator): {"zipmap": False}}
    return convert_sklearn(estimator, "sluice", inputs, target_opset=_OPSET, options=options)


def _restore_names(graph: Any, names: Sequence[str]) -> None:  # noqa: ANN401
    """Inputs are called as their columns again: skl2onnx makes identifiers of "Price (€)" and the like.

    What is inside the graph makes way: a column may be called "label" or "probabilities".
    """
    meant = {found.name: name for found, name in zip(graph.graph.input, names, strict=True)}
    inside = [*graph.graph.initializer, *graph.graph.output]
    inner_names = {each.name for each in inside} | {name for node in graph.graph.node for name in node.output}
    meant |= {name: f"{name}__inside" for name in inner_names & set(names)}
    for each in (*graph.graph.input, *inside):
        each.name = meant.get(each.name, each.name)
    for node in graph.graph.node:
        node.input[:] = [meant.get(name, name) for name in node.input]
        node.output[:] = [meant.get(name, name) for name in node.output]


def canonical(graph: Any) -> bytes:  # noqa: ANN401
    """Opsets by domain, a fixed name, no timestamps: bytes depend on the model alone."""
    opsets = sorted(graph.opset_import, key=lambda opset: opset.domain)
    copies = [(opset.domain, opset.version) for opset in opsets]
    del graph.opset_import[:]
    for domain, version in copies:
        graph.opset_import.add(domain=domain, version=version)
    graph.graph.name = "sluice"
    content: bytes = graph.SerializeToString(deterministic=True)
    return content


def _outputs(graph: Any, task: str) -> Outputs:  # noqa: ANN401
    names = [output.name for output in graph.graph.output]
    if task == "regression":
        return Outputs(None, names[0])
    found = next((name for name in names if "probab" in name), names[-1])
    return Outputs(found, None)
