"""What the shap library says of three small models, frozen for tests/unit/scoring/test_against_shap.py.

    pip install shap scikit-learn skl2onnx     # in an environment of its own: shap takes 450 MB
    python benchmarks/shap_reference.py > tests/unit/scoring/shap_reference.json

Exact values of the same game that Sluice plays: what a feature adds when absent ones take their values from
the background rows (interventional). The models' ONNX files are there too: no later library changes them.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import shap
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

NAMES = ["age", "income", "months", "debts", "children", "years"]
ROWS, BACKGROUND, EXPLAINED = 600, 100, 6


def people() -> tuple[Any, Any]:
    """Numbers as a served model sees them (32 bits), and a truth with interactions."""
    generator = np.random.default_rng(11)
    columns = [
        generator.integers(18, 80, ROWS),
        generator.normal(3.0, 1.0, ROWS),
        generator.integers(3, 72, ROWS),
        generator.exponential(1.0, ROWS),
        generator.integers(0, 4, ROWS),
        generator.uniform(0, 30, ROWS),
    ]
    data = np.column_stack(columns).astype(np.float32)
    signal = (
        0.04 * (50 - data[:, 0]) - 0.8 * data[:, 1] + 0.05 * data[:, 2] + data[:, 3] * (data[:, 1] < 3)
    ) + generator.normal(size=ROWS)
    return data, (signal > np.median(signal)).astype(int)


def told(model: Any, unit: str, values: Any) -> dict[str, Any]:  # noqa: ANN401 - any estimator
    columns = ColumnTransformer([("all", "passthrough", list(range(len(NAMES))))])
    gathered = make_pipeline(columns.fit(np.zeros((1, len(NAMES)))), model)
    inputs = [(name, FloatTensorType([None, 1])) for name in NAMES]
    options = {id(model): {"zipmap": False}}
    opset = {"": 21, "ai.onnx.ml": 3}
    graph = convert_sklearn(gathered, "reference", inputs, target_opset=opset, options=options)
    return {
        "unit": unit,
        "onnx": base64.b64encode(graph.SerializeToString(deterministic=True)).decode(),
        "probability_output": graph.graph.output[1].name,
        "values": np.round(np.asarray(values, dtype=np.float64), 7).tolist(),
    }


def main() -> None:
    data, truth = people()
    background, rows = data[:: ROWS // BACKGROUND][:BACKGROUND], data[-EXPLAINED:]
    forest = RandomForestClassifier(25, max_depth=4, random_state=1).fit(data, truth)
    boosted = GradientBoostingClassifier(n_estimators=25, max_depth=3, random_state=1).fit(data, truth)
    logistic = LogisticRegression(C=0.5, max_iter=5000).fit(data, truth)
    trees = {"data": background, "feature_perturbation": "interventional"}
    masker = shap.maskers.Independent(background, BACKGROUND)
    families = {
        "forest": told(forest, "probability", shap.TreeExplainer(forest, **trees).shap_values(rows)[:, :, 1]),
        "boosted": told(boosted, "log-odds", shap.TreeExplainer(boosted, **trees).shap_values(rows)),
        "logistic": told(logistic, "log-odds", shap.LinearExplainer(logistic, masker).shap_values(rows)),
    }
    versions = {"shap": shap.__version__, "scikit-learn": sklearn.__version__}
    document = {
        "versions": versions,
        "names": NAMES,
        "background": background.tolist(),
        "rows": rows.tolist(),
        "families": families,
    }
    print(json.dumps(document, separators=(",", ":")))


if __name__ == "__main__":
    main()
