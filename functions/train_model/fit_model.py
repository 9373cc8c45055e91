"""In the child: fit (or open what was given), check, choose the threshold, convert, explain, write.

What is wrong with the code or its model is a reason in result.json; only the platform's own mistakes raise.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from functions.train_model.check_model import FittedModel, checked_model
from functions.train_model.choose_threshold import choose_threshold, given_threshold
from functions.train_model.explain_linear import explain_linear, unit_of
from functions.train_model.export_onnx import Outputs, export_onnx
from functions.train_model.files import CODE, DATA, GIVEN, MODEL, PARITY, RESULT
from functions.train_model.open_onnx import open_onnx
from functions.train_model.open_pickle import open_pickle
from functions.train_model.training_context import context_of, data_frame
from functions.train_model.training_entry import Train, training_of
from sluice.domain import frames
from sluice.domain.errors import Invalid, Reason
from sluice.domain.frames import Frame
from sluice.domain.parity import ParitySet, parity_rows, to_float32
from sluice.project.schema import ProjectSpec, parse_project

_LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "numpy", "scipy", "pandas")
_MOST_CATEGORIES = 1_000


def main(folder: Path) -> None:
    """Write result.json and, when there is nothing against the model, model.onnx and parity.npz."""
    job = json.loads((folder / "job.json").read_text())["job"]
    spec = parse_project(job["spec"])
    stored = frames.from_bytes((folder / DATA).read_bytes())
    frame = {name: to_float32(column) for name, column in stored.items()}
    try:
        result = _fit(folder, spec, frame, job.get("given"))
    except Invalid as refused:
        reasons = refused.reasons or (Reason("code", str(refused)),)
        result = {"reasons": [asdict(reason) for reason in reasons]}
    (folder / RESULT).write_text(json.dumps(result))


def _fit(folder: Path, spec: ProjectSpec, frame: Frame, given: Mapping[str, str] | None) -> dict[str, Any]:
    threshold: Callable[[ProjectSpec], float]
    if given:
        model, onnx = _opened(folder, spec, frame, given)
        threshold = given_threshold
    else:
        train = training_of(spec, folder / CODE)
        model, onnx = _trained(train, spec, frame), None
        threshold = partial(choose_threshold, frame=frame, train=lambda side: _trained(train, spec, side))
    rows = parity_rows(frame, spec.contract.features, spec.training.seed)
    expected = model.answers(rows)
    content, outputs = onnx or export_onnx(model, spec.contract.features)
    (folder / MODEL).write_bytes(content)
    (folder / PARITY).write_bytes(ParitySet(rows, expected).to_bytes())
    return {
        "rows": frames.row_count(frame),
        "classes": list(model.classes),
        "threshold": threshold(spec),
        "output_probability": outputs.probability,
        "output_value": outputs.value,
        "explanation": explain_linear(model, spec.contract.features, frame, rows) | {"unit": unit_of(model)},
        "categories": _categories(spec, frame),
        "library_versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }


def _opened(
    folder: Path, spec: ProjectSpec, frame: Frame, given: Mapping[str, str]
) -> tuple[FittedModel, tuple[bytes, Outputs] | None]:
    """The model that was given, and its ONNX form where it came in it."""
    path, classes = folder / GIVEN / given["file"], np.unique(frame[spec.target.name])
    if given["flavor"] == "onnx":
        return open_onnx(path, spec, frame)
    features = [column.name for column in spec.contract.features]
    return checked_model(open_pickle(path, given["format"]), spec, features, classes), None


def _trained(train: Train, spec: ProjectSpec, frame: Frame) -> FittedModel:
    features = [column.name for column in spec.contract.features]
    fitted = train(data_frame(frame), context_of(spec, frame))
    return checked_model(fitted, spec, features, np.unique(frame[spec.target.name]))


def _categories(spec: ProjectSpec, frame: Frame) -> dict[str, list[str]]:
    """Values of the text features that training has seen, where there are not too many."""
    found = {
        column.name: [str(value) for value in np.unique(frame[column.name]) if value != ""]
        for column in spec.contract.features
        if column.dtype == "string"
    }
    return {name: values for name, values in found.items() if len(values) <= _MOST_CATEGORIES}
