"""What stands beside an ONNX file: signature, classes, threshold and the closed form of a linear model.

The manifest is the model's identity: its digest (sha256 of its bytes) covers the ONNX file's own
digest, the threshold and everything else that decides an answer. Standard library only, so that rooms
without numpy can read it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from sluice.domain.artefacts import sha256_of
from sluice.domain.errors import Invalid, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

Task = Literal["binary", "multiclass", "regression"]
Dtype = Literal["number", "integer", "boolean", "string"]
Change = Literal["never", "increase", "decrease"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One model input; `minimum` and `maximum` are inclusive. `categories` are those seen in training
    (documentation: others are answered as the model was trained to). `change`: how a person can change
    the value; None is any way.
    """

    name: str
    dtype: Dtype
    nullable: bool
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """The ONNX file this manifest belongs to, and its output names."""

    sha256: str
    size: int
    output_probability: str | None
    output_value: str | None


@dataclass(frozen=True, slots=True)
class NumericTerm:
    """coefficient * x; a missing x counts as `missing`. `mean` is the mean of the product in training."""

    coefficient: float
    missing: float | None
    mean: float


@dataclass(frozen=True, slots=True)
class TableTerm:
    """One value a category; `mean` is the mean of those values in training."""

    values: Mapping[str, float]
    other: float
    missing: float
    mean: float


@dataclass(frozen=True, slots=True)
class Linear:
    """base + sum(term - its mean) is the model's output: log-odds of the positive class, or the value."""

    base: float
    terms: Mapping[str, NumericTerm | TableTerm]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A served model's description; `digest` identifies the model everywhere.

    `unit` of an explanation: log-odds, probability, or the target's name. `background_sha256`: the rows that
    explanations compare with; None for a model that was registered before there were any.
    """

    project: str
    task: Task
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    positive_class: str | None
    adverse_class: str | None
    threshold: float
    onnx: OnnxFile
    explanation: Linear | None
    unit: str
    background_sha256: str | None
    reasons: Mapping[str, str]
    protected: tuple[str, ...]
    personal: tuple[str, ...]
    digest: str

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """The manifest in these bytes; Invalid when they are not one or contradict themselves."""
        try:
            manifest = _manifest(json.loads(content), sha256_of(content))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(f"model.json cannot be read: {type(error).__name__}: {error}") from error
        if reasons := _contradictions(manifest):
            raise Invalid("model.json contradicts itself", reasons)
        return manifest

    @property
    def positive_index(self) -> int:
        """Column of the positive class among the probabilities (binary models only)."""
        return self.classes.index(self.positive_class or "")

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)


def _manifest(document: Mapping[str, Any], digest: str) -> Manifest:
    positive = document.get("positive_class")
    explained = document.get("explanation") or {"kind": "none"}
    return Manifest(
        project=str(document["project"]),
        task=document["task"],
        target=str(document["target"]),
        features=tuple(_feature(entry) for entry in document["features"]),
        classes=tuple(str(name) for name in document.get("classes") or ()),
        positive_class=positive,
        adverse_class=document.get("adverse") or positive,
        threshold=float(document.get("threshold", 0.5)),
        onnx=_onnx(document["onnx"]),
        explanation=_explanation(explained),
        unit=_unit(document, explained),
        background_sha256=document.get("background_sha256"),
        reasons=dict(document.get("reasons") or {}),
        protected=tuple(document.get("protected") or ()),
        personal=tuple(document.get("personal") or ()),
        digest=digest,
    )


def _feature(entry: Mapping[str, Any]) -> Feature:
    categories = entry.get("categories")
    return Feature(
        name=str(entry["name"]),
        dtype=entry["dtype"],
        nullable=bool(entry["nullable"]),
        minimum=_number(entry.get("minimum")),
        maximum=_number(entry.get("maximum")),
        categories=None if categories is None else tuple(str(category) for category in categories),
        change=entry.get("change"),
    )


def _onnx(entry: Mapping[str, Any]) -> OnnxFile:
    return OnnxFile(
        sha256=str(entry["sha256"]),
        size=int(entry["size"]),
        output_probability=entry.get("output_probability"),
        output_value=entry.get("output_value"),
    )


def _explanation(entry: Mapping[str, Any]) -> Linear | None:
    if entry["kind"] != "linear":
        return None
    return Linear(float(entry["base"]), {name: _term(term) for name, term in entry["terms"].items()})


def _unit(document: Mapping[str, Any], explained: Mapping[str, Any]) -> str:
    if document["task"] == "regression":
        return str(document["target"])
    return "log-odds" if explained["kind"] == "linear" else str(explained.get("unit", "probability"))


def _term(entry: Mapping[str, Any]) -> NumericTerm | TableTerm:
    if entry["kind"] == "numeric":
        return NumericTerm(float(entry["coefficient"]), _number(entry.get("missing")), float(entry["mean"]))
    values = {str(category): float(value) for category, value in entry["values"].items()}
    return TableTerm(values, float(entry["other"]), float(entry["missing"]), float(entry["mean"]))


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type] # a wrong type is the caller's ValueError


def _contradictions(manifest: Manifest) -> list[Reason]:
    names = manifest.feature_names
    wrong_types = [feature.dtype for feature in manifest.features if feature.dtype not in get_args(Dtype)]
    terms = manifest.explanation.terms if manifest.explanation else {}
    checks = (
        (manifest.task in get_args(Task), "task", manifest.task, "binary, multiclass or regression"),
        (bool(names), "features", "[]", "at least one feature"),
        (len(set(names)) == len(names), "features", str(list(names)), "different names"),
        (not wrong_types, "features.dtype", str(wrong_types), "number, integer, boolean or string"),
        (
            _has_classes(manifest),
            "classes",
            str(list(manifest.classes)),
            "two for binary, with positive_class",
        ),
        (
            _has_output(manifest),
            "onnx",
            "no output name",
            "output_value (regression), else output_probability",
        ),
        (math.isfinite(manifest.threshold), "threshold", str(manifest.threshold), "a finite number"),
        (
            set(terms) <= set(names),
            "explanation.terms",
            str(sorted(set(terms) - set(names))),
            "features only",
        ),
    )
    return [
        Reason(path, f"{path} is wrong", value, wanted) for holds, path, value, wanted in checks if not holds
    ]


def _has_classes(manifest: Manifest) -> bool:
    if manifest.task == "regression":
        return True
    distinct = len(set(manifest.classes)) == len(manifest.classes)
    if manifest.task == "multiclass":
        return distinct and len(manifest.classes) > 1
    return distinct and len(manifest.classes) == 2 and manifest.positive_class in manifest.classes  # noqa: PLR2004


def _has_output(manifest: Manifest) -> bool:
    onnx = manifest.onnx
    return bool(onnx.output_value if manifest.task == "regression" else onnx.output_probability)
