"""What moves a model, and how: global importance and partial dependence, measured with what serves."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sluice.domain import frames
from sluice.domain.frames import Frame
from sluice.scoring.background import evenly
from sluice.scoring.explanation import PRINCIPAL_REASONS, Explanation
from sluice.scoring.manifest import Feature, Manifest
from sluice.scoring.model import LoadedModel, Scores, score
from sluice.scoring.permutation import explain, row_of
from sluice.scoring.signature import Columns

Json = dict[str, Any]

_EXPLAINED_ROWS, _LEAST_ROWS, _SECONDS = 50, 5, 40.0
"""Rows of the test side to explain; a slow model stops after so many seconds of processor time."""
_CURVES, _POINTS, _MOST_CLASSES = 10, 11, 10


def model_card(model: LoadedModel, background: Columns, test: Frame) -> Json:
    """Importance (mean size of a contribution) and partial dependence (mean answer over the background)."""
    manifest = model.manifest
    told = _explained(model, background, test)
    importance = _importance(model, told)
    features = {feature.name: feature for feature in manifest.features}
    strongest = [features[entry["feature"]] for entry in importance[:_CURVES]]
    return {
        "v": 1,
        "project": manifest.project,
        "task": manifest.task,
        "target": manifest.target,
        "classes": list(manifest.classes),
        "threshold": manifest.threshold if manifest.task == "binary" else None,
        "onnx_sha256": manifest.onnx.sha256,
        "unit": manifest.unit,
        "method": told[0].method,
        "rows": {"explained": len(told), "background": frames.row_count(background)},
        "importance": importance,
        "partial_dependence": [_curve(model, background, feature) for feature in strongest],
        "findings": list(_findings(manifest, importance, told)),
    }


def _explained(model: LoadedModel, background: Columns, test: Frame) -> list[Explanation]:
    """Explanations of test rows with nothing withheld: a card is about the model, not about a person."""
    manifest = dataclasses.replace(model.manifest, protected=())
    opened = dataclasses.replace(model, manifest=manifest)
    began, told = time.process_time(), []
    for place in evenly(frames.row_count(test), _EXPLAINED_ROWS).tolist():
        row = row_of({name: test[name] for name in manifest.feature_names}, place)
        told.append(explain(opened, background, row, f"card {place}"))
        if len(told) >= _LEAST_ROWS and time.process_time() - began > _SECONDS:
            break
    return told


def _importance(model: LoadedModel, told: list[Explanation]) -> list[Json]:
    """The mean size of each feature's contribution, the strongest first."""
    sizes: dict[str, list[float]] = {name: [] for name in model.manifest.feature_names}
    for explanation in told:
        for entry in explanation.contributions:
            sizes[entry.feature].append(abs(entry.contribution))
    means = {name: math.fsum(found) / len(told) for name, found in sizes.items()}
    return [
        {"feature": name, "importance": means[name], "protected": name in model.manifest.protected}
        for name in sorted(means, key=lambda name: (-means[name], name))
    ]


def _curve(model: LoadedModel, background: Columns, feature: Feature) -> Json:
    """The mean answer over the background rows if all of them had this value."""
    column = background[feature.name]
    values, count = _points(feature, column), len(column)
    asked = {name: np.tile(cells, len(values)) for name, cells in background.items()}
    asked[feature.name] = np.repeat(np.asarray(values, dtype=column.dtype), count)
    answers = _answers(model, score(model, asked))
    return {
        "feature": feature.name,
        "values": values,
        "answers": {
            name: output.reshape(-1, count).mean(axis=1).tolist() for name, output in answers.items()
        },
    }


def _answers(model: LoadedModel, scores: Scores) -> dict[str, NDArray[np.float64]]:
    """By class the probability (binary: of the positive class); by the target's name the value."""
    manifest = model.manifest
    if scores.probabilities is None:
        return {manifest.target: np.asarray(scores.values)}
    shown = (manifest.positive_class,) if manifest.positive_class else manifest.classes[:_MOST_CLASSES]
    return {name: scores.probabilities[:, manifest.classes.index(name)] for name in shown}


def _points(feature: Feature, column: NDArray[Any]) -> list[Any]:
    """Quantiles of a number, the most frequent texts; a value that occurs nowhere is not asked for."""
    if feature.dtype == "string":
        counted = Counter(text for text in column.tolist() if text != "")
        return sorted(counted, key=lambda text: (-counted[text], text))[:_POINTS] or [""]
    known = column[~np.isnan(column)]
    if not len(known):
        return [math.nan]
    found: list[float] = np.unique(np.quantile(known, np.linspace(0, 1, _POINTS), method="nearest")).tolist()
    return found


def _findings(manifest: Manifest, importance: list[Json], told: list[Explanation]) -> Iterator[Json]:
    for rank, entry in enumerate(importance[:PRINCIPAL_REASONS], start=1):
        if entry["protected"]:
            name = entry["feature"]
            sentence = f"The protected attribute {name} is number {rank} of what moves this model."
            yield {"finding": "protected_is_important", "feature": name, "rank": rank, "sentence": sentence}
    protected = set(manifest.protected)
    rows = sum(any(reason.feature in protected for reason in each.reasons) for each in told)
    if rows:
        many = f"{rows} of {len(told)} rows"
        sentence = f"A protected attribute would be among the principal adverse reasons of {many}."
        yield {"finding": "protected_ranked", "rows": rows, "of": len(told), "sentence": sentence}
