"""An ONNX file that somebody else made, in the child: checked, made whole, and asked by ONNX's reference
implementation, whose answers the serving runtime must give too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from functions.train_model.check_model import FittedModel
from functions.train_model.export_onnx import Outputs, canonical
from functions.train_model.training_context import data_frame
from sluice.domain.errors import Invalid, Reason
from sluice.domain.frames import Frame
from sluice.project.contract import Column
from sluice.project.schema import ProjectSpec

_TYPES = onnx.TensorProto
_NUMBERS: Mapping[int, type[np.generic]] = {
    _TYPES.FLOAT: np.float32,
    _TYPES.DOUBLE: np.float64,
    _TYPES.INT64: np.int64,
    _TYPES.BOOL: np.bool_,
}
_WHOLE = {_TYPES.INT64, _TYPES.BOOL}
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_AGREEING = 0.99


class ReferenceModel:
    """The file as an estimator: `predict` of a regression, `predict_proba` of a classification."""

    def __init__(self, model: Any, output: str) -> None:  # noqa: ANN401 - onnx is not typed
        self._evaluator = ReferenceEvaluator(model)
        self._types = {each.name: each.type.tensor_type.elem_type for each in model.graph.input}
        self._output = output

    def predict_proba(self, data: pd.DataFrame) -> NDArray[Any]:
        return self.ask(data, self._output)

    predict = predict_proba

    def ask(self, data: pd.DataFrame, output: str) -> NDArray[Any]:
        feeds = {
            name: data[[name]].to_numpy(dtype=_NUMBERS.get(kind, object))
            for name, kind in self._types.items()
        }
        answers: Any = self._evaluator.run([output], feeds)
        return np.asarray(answers[0])


def open_onnx(path: Path, spec: ProjectSpec, frame: Frame) -> tuple[FittedModel, tuple[bytes, Outputs]]:
    """The model, and its bytes with every weight inside. Invalid unless its inputs are the features."""
    model = _loaded(path)
    features = spec.contract.features
    if reasons := [*_foreign(model), *_misfits(model, features)]:
        raise Invalid("the ONNX file does not fit the project", reasons)
    classes = (
        () if spec.evaluation.task == "regression" else tuple(map(str, np.unique(frame[spec.target.name])))
    )
    output, named = _answer(model, spec.evaluation.task)
    if named and set(named) != set(classes):
        raise _refused("the model's classes are not those of the target", str(named), str(classes))
    reference = ReferenceModel(model, output)
    task, positive = spec.evaluation.task, spec.target.positive
    names = tuple(column.name for column in features)
    fitted = FittedModel(reference, task, names, named or classes, positive)
    if not named:
        _check_order(model, fitted, reference, frame)
    outputs = Outputs(None, output) if task == "regression" else Outputs(output, None)
    return fitted, (canonical(model), outputs)


def _loaded(path: Path) -> Any:  # noqa: ANN401
    try:
        model = onnx.load(path)  # weights in files beside it, never outside the folder
        onnx.checker.check_model(model)
    except MemoryError:
        raise
    except Exception as error:
        value = f"{type(error).__name__}: {error}"[:600]
        raise _refused("it is no valid ONNX file", value, "what onnx.checker accepts") from error
    return model


def _foreign(model: Any) -> Iterator[Reason]:  # noqa: ANN401
    if others := sorted({each.domain for each in model.opset_import} - _DOMAINS):
        yield _reason("operators that ONNX does not define", ", ".join(others), ", ".join(sorted(_DOMAINS)))


def _misfits(model: Any, features: tuple[Column, ...]) -> Iterator[Reason]:  # noqa: ANN401
    """One input a feature, [rows, 1], of a type that holds all its values."""
    weights = {each.name for each in model.graph.initializer}
    inputs = {each.name: each.type.tensor_type for each in model.graph.input if each.name not in weights}
    names = {column.name for column in features}
    if set(inputs) != names:
        different = f"inputs {sorted(inputs)}"
        yield _reason(
            "the inputs are not the features", different[:600], f"one a feature: {sorted(names)}"[:600]
        )
        return
    for column in features:
        kind, shape = inputs[column.name].elem_type, inputs[column.name].shape.dim
        fits = kind == _TYPES.STRING if column.dtype == "string" else kind in _NUMBERS
        if not fits or (column.nullable and kind in _WHOLE):
            wanted = "string" if column.dtype == "string" else "float"
            found = _TYPES.DataType.Name(kind).lower()
            yield _reason(f"input {column.name!r} has a type that does not hold its values", found, wanted)
        if [each.dim_value for each in shape] != [0, 1]:
            found = str([each.dim_value or each.dim_param or None for each in shape])
            yield _reason(f"input {column.name!r} has another shape", found, "[None, 1]")


def _answer(model: Any, task: str) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401
    """The output that holds the answers, and the classes where the file names them.

    What converters put behind the probabilities to make dictionaries of them (ZipMap) is taken away.
    """
    graph = model.graph
    outputs = {each.name: each for each in graph.output}
    for node in [each for each in graph.node if each.op_type == "ZipMap" and each.output[0] in outputs]:
        labels = [label for each in node.attribute for label in (*each.strings, *each.ints)]
        told = onnx.helper.make_tensor_value_info(node.input[0], _TYPES.FLOAT, None)
        outputs[node.output[0]].CopyFrom(told)
        graph.node.remove(node)
        return told.name, tuple(each.decode() if isinstance(each, bytes) else str(each) for each in labels)
    numbers = [
        each.name for each in graph.output if each.type.tensor_type.elem_type in {_TYPES.FLOAT, _TYPES.DOUBLE}
    ]
    if not numbers:
        found = ", ".join(each.name for each in graph.output)
        raise _refused(
            "no output holds numbers", found, "values" if task == "regression" else "probabilities"
        )
    return next((name for name in numbers if "prob" in name), numbers[-1]), ()


def _check_order(model: Any, fitted: FittedModel, reference: ReferenceModel, frame: Frame) -> None:  # noqa: ANN401
    """Columns of probabilities without names are in the order of the sorted classes, or refused: where the
    file gives labels too, they must be those of the largest probabilities.
    """
    labels = [
        each.name
        for each in model.graph.output
        if each.type.tensor_type.elem_type in {_TYPES.STRING, _TYPES.INT64}
    ]
    if not labels or fitted.task == "regression":
        return
    rows = {name: frame[name][:1_000] for name in fitted.features}
    likeliest = np.asarray(fitted.classes)[fitted.answers(rows).argmax(axis=1)]
    said = reference.ask(data_frame(rows), labels[0]).astype(np.str_).reshape(-1)
    if (agreeing := float((said == likeliest).mean())) < _AGREEING:
        message = "its labels are not those of its largest probabilities"
        raise _refused(message, f"{agreeing:.0%} agree", f"columns in the order {fitted.classes}")


def _reason(message: str, value: str, expected: str) -> Reason:
    return Reason("model", message, value, expected)


def _refused(message: str, value: str, expected: str) -> Invalid:
    return Invalid(message, [_reason(message, value, expected)])
