"""A model in memory and the one function that scores with it.

Serving, the evaluation's hold-out and the smoke test before a promotion all call `score`: what is
evaluated is what is served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from sluice.domain.artefacts import sha256_of
from sluice.domain.errors import IntegrityError, Invalid
from sluice.scoring.manifest import Feature, Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["LoadedModel", "Manifest", "Scores", "score"]

_NUMPY_TYPES: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}
_STRING = "tensor(string)"


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers for n rows. Classification: `probabilities` [n, classes] in the manifest's order and
    `labels` [n] by the stored threshold (binary) or the largest probability; regression: `values` [n].
    """

    rows: int
    probabilities: NDArray[np.float64] | None = None
    labels: NDArray[np.str_] | None = None
    values: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """An ONNX session with its manifest; safe to share between threads."""

    manifest: Manifest
    session: onnxruntime.InferenceSession
    input_types: Mapping[str, str]

    @classmethod
    def load(cls, onnx_bytes: bytes, manifest_bytes: bytes) -> LoadedModel:
        """The model, ready to score. IntegrityError when the ONNX file is not the one the manifest
        names, Invalid when ONNX Runtime refuses it or its inputs are not the manifest's features.
        """
        manifest = Manifest.parse(manifest_bytes)
        if sha256_of(onnx_bytes) != manifest.onnx.sha256:
            raise IntegrityError("the ONNX file is not the one its manifest describes: the digests differ")
        session = _session(onnx_bytes)
        input_types = {entry.name: entry.type for entry in session.get_inputs()}
        if set(input_types) != set(manifest.feature_names):
            different = sorted(set(input_types) ^ set(manifest.feature_names))
            raise Invalid(f"the ONNX inputs are not the manifest's features: {different}")
        return cls(manifest, session, input_types)


def score(model: LoadedModel, columns: Mapping[str, NDArray[Any]]) -> Scores:
    """Score n rows given as one 1-D array per feature: float64 with NaN for missing, or strings with ''
    for missing. Other columns are ignored. Invalid when a feature is absent, lengths differ, or the
    model has no finite answer.
    """
    manifest = model.manifest
    _check_lengths(manifest, columns)
    feeds = {
        feature.name: _tensor(feature, columns[feature.name], model.input_types[feature.name])
        for feature in manifest.features
    }
    if manifest.task == "regression":
        return _regression(_run(model, manifest.onnx.output_value, feeds).reshape(-1))
    return _classification(manifest, _run(model, manifest.onnx.output_probability, feeds))


def _regression(values: NDArray[np.float64]) -> Scores:
    _require_finite(values)
    return Scores(rows=len(values), values=values)


def _classification(manifest: Manifest, probabilities: NDArray[np.float64]) -> Scores:
    if probabilities.ndim != 2 or probabilities.shape[1] != len(manifest.classes):  # noqa: PLR2004 - a matrix
        raise Invalid(
            f"the model answers {probabilities.shape}, its manifest names {len(manifest.classes)} classes"
        )
    _require_finite(probabilities)
    classes = np.asarray(manifest.classes, dtype=np.str_)
    if manifest.task == "binary":
        positive = manifest.positive_index
        chosen = np.where(probabilities[:, positive] >= manifest.threshold, positive, 1 - positive)
    else:
        chosen = probabilities.argmax(axis=1)
    return Scores(rows=len(probabilities), probabilities=probabilities, labels=classes[chosen])


def _run(model: LoadedModel, output: str | None, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    try:
        (answer,) = model.session.run([output], feeds)
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise Invalid(f"the model cannot be evaluated on these values ({type(error).__name__})") from error
    return np.asarray(answer, dtype=np.float64)


def _tensor(feature: Feature, column: NDArray[Any], onnx_type: str) -> NDArray[Any]:
    """The column as ONNX Runtime takes it: [n, 1] of the type that the graph declares."""
    wanted = np.object_ if onnx_type == _STRING else _NUMPY_TYPES[onnx_type]
    is_text = column.dtype.kind in "OU"
    if is_text is not (feature.dtype == "string") or is_text is not (onnx_type == _STRING):
        raise Invalid(
            f"{feature.name!r} is {feature.dtype}, the column is {column.dtype}, the model wants {onnx_type}"
        )
    return column.astype(wanted).reshape(-1, 1)


def _check_lengths(manifest: Manifest, columns: Mapping[str, NDArray[Any]]) -> None:
    if absent := [name for name in manifest.feature_names if name not in columns]:
        raise Invalid(f"features are absent: {absent}")
    if len({len(columns[name]) for name in manifest.feature_names}) != 1:
        raise Invalid("the columns have different lengths")


def _require_finite(answer: NDArray[np.float64]) -> None:
    if not np.isfinite(answer).all():
        row = int(np.argwhere(~np.isfinite(answer))[0][0])
        raise Invalid(f"the model has no finite answer for row {row}")


def _session(onnx_bytes: bytes) -> onnxruntime.InferenceSession:
    """One thread: a function has about one processor, and answers stay the same whatever the machine."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(onnx_bytes, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Invalid(f"ONNX Runtime refuses the model ({type(error).__name__})") from error
