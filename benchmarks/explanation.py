"""Explaining one row of a forest of 100 trees on 20 features: processor time, and error against exact values.

    python -m benchmarks.explanation [--rows 20]

The exact values are computed here, tree by tree and background row by background row (interventional Shapley
values, which is what the shap library's TreeExplainer gives with the same background).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from math import factorial
from typing import Any

import numpy as np
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sluice.domain.artefacts import sha256_of
from sluice.scoring.model import LoadedModel
from sluice.scoring.permutation import explain

FEATURES, TREES, BACKGROUND = 20, 100, 100
NAMES = [f"f{number:02d}" for number in range(FEATURES)]
MOST_MILLISECONDS, MOST_ERROR = 60.0, 0.005

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def exact(forest: RandomForestClassifier, row: Matrix, background: Matrix) -> Matrix:
    """Every leaf that a mix of the two rows can reach, weighed by the mixes that reach it."""
    shares = np.zeros(FEATURES)
    for tree in forest.estimators_:
        for other in background:
            _descend(tree.tree_, 0, row, other, (frozenset(), frozenset()), shares)
    return shares / (len(forest.estimators_) * len(background))


def _descend(tree: Any, node: int, row: Matrix, other: Matrix, needs: Any, shares: Matrix) -> None:  # noqa: ANN401
    ours, theirs = needs
    if tree.children_left[node] < 0:
        value = tree.value[node][0]
        _credit(ours, theirs, float(value[1] / value.sum()), shares)
        return
    feature, threshold = int(tree.feature[node]), tree.threshold[node]
    left, right = tree.children_left[node], tree.children_right[node]
    here, there = (left if each[feature] <= threshold else right for each in (row, other))
    if here == there or feature in ours:
        _descend(tree, here, row, other, needs, shares)
    elif feature in theirs:
        _descend(tree, there, row, other, needs, shares)
    else:
        _descend(tree, here, row, other, (ours | {feature}, theirs), shares)
        _descend(tree, there, row, other, (ours, theirs | {feature}), shares)


def _credit(ours: frozenset[int], theirs: frozenset[int], value: float, shares: Matrix) -> None:
    a, b = len(ours), len(theirs)
    for feature in ours:
        shares[feature] += value * factorial(a - 1) * factorial(b) / factorial(a + b)
    for feature in theirs:
        shares[feature] -= value * factorial(a) * factorial(b - 1) / factorial(a + b)


def served(forest: RandomForestClassifier) -> LoadedModel:
    columns = ColumnTransformer([("all", "passthrough", list(range(FEATURES)))])
    pipeline = make_pipeline(columns.fit(np.zeros((1, FEATURES))), forest)
    inputs = [(name, FloatTensorType([None, 1])) for name in NAMES]
    options = {id(forest): {"zipmap": False}}
    graph = convert_sklearn(
        pipeline, "forest", inputs, target_opset={"": 21, "ai.onnx.ml": 3}, options=options
    )
    onnx = graph.SerializeToString()
    manifest = {
        "project": "benchmark",
        "task": "binary",
        "target": "y",
        "features": [{"name": name, "dtype": "number", "nullable": False} for name in NAMES],
        "classes": ["0", "1"],
        "positive_class": "1",
        "onnx": {
            "sha256": sha256_of(onnx),
            "size": len(onnx),
            "output_probability": graph.graph.output[1].name,
        },
    }
    return LoadedModel.load(onnx, json.dumps(manifest).encode())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20)
    count = parser.parse_args().rows
    data, truth = make_classification(3_000, FEATURES, n_informative=8, random_state=3)
    data = data.astype(np.float32).astype(np.float64)
    forest = RandomForestClassifier(TREES, max_depth=8, random_state=3, n_jobs=1).fit(
        data[:2_000], truth[:2_000]
    )
    background, rows = data[:2_000:20], data[-count:]
    model = served(forest)
    stored = {name: background[:, place] for place, name in enumerate(NAMES)}
    took, errors, largest = [], [], []
    for number, row in enumerate(rows):
        given = dict(zip(NAMES, row.tolist(), strict=True))
        began = time.process_time()
        told = explain(model, stored, given, f"row {number}")
        took.append((time.process_time() - began) * 1000)
        shares = {each.feature: each.contribution for each in told.contributions}
        wanted = exact(forest, row, background)
        errors.append(max(abs(shares[name] - wanted[place]) for place, name in enumerate(NAMES)))
        largest.append(float(np.abs(wanted).max()))
    print(f"{count} rows, {FEATURES} features, {TREES} trees, {BACKGROUND} background rows")
    print(f"processor time   median {statistics.median(took):6.1f} ms   (at most {MOST_MILLISECONDS:g})")
    worst = max(errors)
    print(
        f"largest error    median {statistics.median(errors):.4f}, worst {worst:.4f} (at most {MOST_ERROR})"
    )
    print(f"largest share    median {statistics.median(largest):.4f}")


if __name__ == "__main__":
    main()
