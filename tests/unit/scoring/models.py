"""Small models whose every number is known: built by hand as ONNX graphs, with their manifests."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

BASE = -0.4
AGE = 0.03
AGE_MISSING = 40.0
PURPOSES = {"car": 0.5, "house": -0.7}
OTHER_PURPOSE = 0.1
MISSING_PURPOSE = 0.2
FOREIGN = 0.9
MEANS = {"age": 1.05, "purpose": 0.05, "foreign": 0.6}


def log_odds(age: float | None, purpose: str, foreign: float) -> float:
    """What the credit model answers, computed by hand."""
    table = MISSING_PURPOSE if purpose == "" else PURPOSES.get(purpose, OTHER_PURPOSE)
    return (
        BASE + AGE * (AGE_MISSING if age is None else age) + table + FOREIGN * foreign - sum(MEANS.values())
    )


def probability(age: float | None, purpose: str, foreign: float) -> float:
    return 1 / (1 + math.exp(-log_odds(age, purpose, foreign)))


def credit_onnx() -> bytes:
    """A logistic regression on `age` (nullable), `purpose` (text) and `foreign` (boolean)."""
    nodes = [
        helper.make_node("IsNaN", ["age"], ["age_missing"]),
        helper.make_node("Where", ["age_missing", "age_default", "age"], ["age_filled"]),
        helper.make_node("Mul", ["age_filled", "age_weight"], ["age_term"]),
        helper.make_node(
            "LabelEncoder",
            ["purpose"],
            ["purpose_term"],
            domain="ai.onnx.ml",
            keys_strings=["", *PURPOSES],
            values_floats=[MISSING_PURPOSE, *PURPOSES.values()],
            default_float=OTHER_PURPOSE,
        ),
        helper.make_node("Mul", ["foreign", "foreign_weight"], ["foreign_term"]),
        helper.make_node("Sum", ["age_term", "purpose_term", "foreign_term", "base"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["positive"]),
        helper.make_node("Sub", ["one", "positive"], ["negative"]),
        helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1),
    ]
    constants = {
        "age_default": AGE_MISSING,
        "age_weight": AGE,
        "foreign_weight": FOREIGN,
        "base": BASE - sum(MEANS.values()),
        "one": 1.0,
    }
    types = {"age": TensorProto.FLOAT, "purpose": TensorProto.STRING, "foreign": TensorProto.FLOAT}
    return _model(nodes, types, constants, {"probabilities": 2})


def credit_manifest(onnx_bytes: bytes, **changes: Any) -> bytes:
    """The manifest of the credit model; `changes` replace its entries."""
    document = {
        "v": 1,
        "project": "credit",
        "task": "binary",
        "target": "default",
        "features": [
            {"name": "age", "dtype": "number", "nullable": True, "minimum": 18, "maximum": 120},
            {"name": "purpose", "dtype": "string", "nullable": True, "categories": list(PURPOSES)},
            {"name": "foreign", "dtype": "boolean", "nullable": False},
        ],
        "classes": ["0", "1"],
        "positive_class": "1",
        "threshold": 0.5,
        "onnx": _onnx_entry(onnx_bytes, probability="probabilities"),
        "explanation": {
            "kind": "linear",
            "base": BASE,
            "terms": {
                "age": {"kind": "numeric", "coefficient": AGE, "missing": AGE_MISSING, "mean": MEANS["age"]},
                "purpose": {
                    "kind": "table",
                    "values": PURPOSES,
                    "other": OTHER_PURPOSE,
                    "missing": MISSING_PURPOSE,
                    "mean": MEANS["purpose"],
                },
                "foreign": {
                    "kind": "numeric",
                    "coefficient": FOREIGN,
                    "missing": None,
                    "mean": MEANS["foreign"],
                },
            },
        },
        "reasons": {"age": "Age of the applicant", "purpose": "What the credit is for"},
        "protected": ["foreign", "sex"],
        "train": {"rows": 700, "seed": 1, "library_versions": {}},
        "baseline_sha256": "0" * 64,
    }
    return json.dumps(document | changes).encode()


def value_onnx(factor: float = 2.0) -> bytes:
    """A regression: factor * x."""
    nodes = [helper.make_node("Mul", ["x", "factor"], ["variable"])]
    return _model(nodes, {"x": TensorProto.FLOAT}, {"factor": factor}, {"variable": 1})


def value_manifest(onnx_bytes: bytes, **changes: Any) -> bytes:
    document = {
        "v": 1,
        "project": "rentals",
        "task": "regression",
        "target": "rentals",
        "features": [{"name": "x", "dtype": "number", "nullable": False}],
        "onnx": _onnx_entry(onnx_bytes, value="variable"),
        "explanation": {"kind": "none"},
    }
    return json.dumps(document | changes).encode()


def colour_onnx() -> bytes:
    """Three classes whose probabilities are the softmax of (x, 0, -x)."""
    nodes = [
        helper.make_node("Mul", ["x", "zero"], ["middle"]),
        helper.make_node("Neg", ["x"], ["last"]),
        helper.make_node("Concat", ["x", "middle", "last"], ["joined"], axis=1),
        helper.make_node("Softmax", ["joined"], ["probabilities"], axis=1),
    ]
    return _model(nodes, {"x": TensorProto.FLOAT}, {"zero": 0.0}, {"probabilities": 3})


def colour_manifest(onnx_bytes: bytes, **changes: Any) -> bytes:
    document = {
        "v": 1,
        "project": "colours",
        "task": "multiclass",
        "target": "colour",
        "features": [{"name": "x", "dtype": "number", "nullable": False}],
        "classes": ["red", "green", "blue"],
        "onnx": _onnx_entry(onnx_bytes, probability="probabilities"),
    }
    return json.dumps(document | changes).encode()


def _onnx_entry(
    content: bytes, *, probability: str | None = None, value: str | None = None
) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "output_probability": probability,
        "output_value": value,
    }


def _model(
    nodes: list[Any], inputs: Mapping[str, int], constants: Mapping[str, float], outputs: Mapping[str, int]
) -> bytes:
    tensors = [
        onnx.numpy_helper.from_array(np.array([[number]], np.float32), name)
        for name, number in constants.items()
    ]
    graph = helper.make_graph(
        nodes,
        "by_hand",
        [helper.make_tensor_value_info(name, kind, [None, 1]) for name, kind in inputs.items()],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
            for name, width in outputs.items()
        ],
        tensors,
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return bytes(model.SerializeToString())
