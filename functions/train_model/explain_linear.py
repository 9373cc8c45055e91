"""The closed form of an additive linear model, found by asking it, and believed only if it holds.

Whatever transformers a pipeline has: one feature is varied at a time, the answers' differences are its
terms, and base + terms must give the model's own output on a thousand rows and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.train_model.check_model import FittedModel
from functions.train_model.training_context import data_frame
from sluice.domain import frames
from sluice.domain.contract_columns import FeatureRule
from sluice.domain.frames import Column, Frame
from sluice.domain.parity import UNSEEN

NONE: dict[str, Any] = {"kind": "none"}
_MOST_CATEGORIES = 2_000
_TOLERANCE = 1e-6
_CLIP = 1e-15

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class _Probe:
    """One feature's values to ask for; the first is the reference."""

    feature: FeatureRule
    values: Column


def explain_linear(
    model: FittedModel, features: Sequence[FeatureRule], training: Frame, rows: Frame
) -> dict[str, Any]:
    """The manifest's explanation; kind none for a model that is not additive and linear on all of `rows`."""
    if model.task == "multiclass":
        return NONE
    probes = [_probe(feature, training[feature.name]) for feature in features]
    if any(len(probe.values) > _MOST_CATEGORIES for probe in probes):
        return NONE
    reference = {probe.feature.name: probe.values[:1] for probe in probes}
    centre = float(output_of(model, reference)[0])
    terms, base = {}, centre
    for probe in probes:
        name = probe.feature.name
        rise = _rise(model, reference, probe, centre)
        term, at_reference = _table(probe, rise) if probe.feature.dtype == "string" else _numeric(probe, rise)
        term["mean"] = float(_values(term, training[name]).mean())
        base += term["mean"] - at_reference
        terms[name] = term
    explanation = {"kind": "linear", "base": base, "terms": terms}
    return explanation if _holds(explanation, model, rows) else NONE


def unit_of(model: FittedModel) -> str:
    """What contributions add up in: what the model itself adds up, evidence (boosting, logistic regression)
    or shares of votes (forests); a regression has its target.
    """
    if model.task == "regression":
        return "value"
    return "log-odds" if hasattr(model.estimator, "decision_function") else "probability"


def output_of(model: FittedModel, rows: Frame) -> Vector:
    """Log-odds of the positive class, or the value."""
    if model.task == "regression":
        return model.answers(rows)[:, 0]
    chance = np.clip(model.answers(rows)[:, model.positive], _CLIP, 1 - _CLIP)
    log_odds: Vector = np.log(chance) - np.log1p(-chance)
    if not hasattr(model.estimator, "decision_function"):
        return log_odds
    data = data_frame({name: rows[name] for name in model.features})
    decided = np.asarray(model.estimator.decision_function(data), dtype=np.float64)
    decided = decided if model.positive == 1 else -decided
    near = np.abs(log_odds) < 10  # noqa: PLR2004 - where the log-odds have digits to spare
    return decided if np.allclose(decided[near], log_odds[near], atol=1e-6) else log_odds


def _probe(feature: FeatureRule, column: Column) -> _Probe:
    if feature.dtype == "string":
        known = [value for value in np.unique(column).tolist() if value != ""]
        unknown = [UNSEEN, ""] if feature.nullable else [UNSEEN]
        return _Probe(feature, np.asarray([*known, *unknown], dtype=np.str_))
    present = column.astype(np.float64)[~np.isnan(column.astype(np.float64))]
    middle = float(np.float32(present.mean())) if len(present) else 0.0
    reach = float(np.float32(present.max() - present.min())) if len(present) else 1.0
    edges = [np.nan] if feature.nullable else []
    return _Probe(feature, np.asarray([middle, middle + (reach or 1.0), *edges], dtype=np.float64))


def _rise(model: FittedModel, reference: Frame, probe: _Probe, centre: float) -> Vector:
    count = len(probe.values)
    asked: Frame = {name: value[[0] * count] for name, value in reference.items()}
    return output_of(model, {**asked, probe.feature.name: probe.values}) - centre


def _table(probe: _Probe, rise: Vector) -> tuple[dict[str, Any], float]:
    values = dict(zip(probe.values.tolist(), rise.tolist(), strict=True))
    other = values.pop(UNSEEN)
    missing = values.pop("", other)
    return {"kind": "table", "values": values, "other": other, "missing": missing}, 0.0


def _numeric(probe: _Probe, rise: Vector) -> tuple[dict[str, Any], float]:
    """A line through two answers; a missing value counts as the number that would be answered alike."""
    low, high = float(probe.values[0]), float(probe.values[1])
    coefficient = float(rise[1]) / (high - low)
    missing = None
    if probe.feature.nullable:
        missing = low + float(rise[2]) / coefficient if coefficient else low
    return {"kind": "numeric", "coefficient": coefficient, "missing": missing}, coefficient * low


def _values(term: dict[str, Any], column: Column) -> Vector:
    """The term of each row, before its mean is taken away."""
    if term["kind"] == "numeric":
        numbers = column.astype(np.float64)
        filled = np.where(np.isnan(numbers), term["missing"] or 0.0, numbers)
        return np.asarray(term["coefficient"] * filled)
    known = {**term["values"], "": term["missing"]}
    return np.asarray([known.get(value, term["other"]) for value in column.tolist()], dtype=np.float64)


def _holds(explanation: dict[str, Any], model: FittedModel, rows: Frame) -> bool:
    total = np.full(frames.row_count(rows), explanation["base"])
    for name, term in explanation["terms"].items():
        total += _values(term, rows[name]) - term["mean"]
    output = output_of(model, rows)
    return bool(np.abs(total - output).max() <= _TOLERANCE * max(1.0, float(np.abs(output).max())))
