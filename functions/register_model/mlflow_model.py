"""The files that make the folder a model for MLflow's clients (flavors onnx and python_function)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sluice.domain.training import Training
from sluice.scoring.manifest import Manifest

_TYPES: Mapping[str, str] = {"number": "double", "integer": "double", "boolean": "double", "string": "string"}


def mlflow_model(training: Training, manifest: Manifest, versions: Mapping[str, str]) -> bytes:
    """MLmodel, written as JSON, which YAML readers read. `versions` of the libraries that trained."""
    document = {
        "artifact_path": "model",
        "run_id": training.run_id,
        "model_uuid": training.run_id,
        "utc_time_created": training.created_at.replace("T", " ").removesuffix("Z"),
        "flavors": {
            "onnx": {
                "data": "model.onnx",
                "onnx_version": versions["onnx"],
                "providers": ["CPUExecutionProvider"],
                "code": None,
            },
            "python_function": {
                "loader_module": "mlflow.onnx",
                "data": "model.onnx",
                "env": {"virtualenv": "requirements.txt"},
                "python_version": versions["python"],
            },
        },
        "signature": {"inputs": json.dumps(columns_of(manifest)), "outputs": None, "params": None},
        "metadata": {
            "sluice.project": manifest.project,
            "sluice.model_digest": manifest.digest,
        },
    }
    return json.dumps(document, indent=1).encode()


def requirements() -> bytes:
    """What loading the model needs."""
    return b"mlflow\nonnx\nonnxruntime\nnumpy\npandas\n"


def columns_of(manifest: Manifest) -> list[dict[str, object]]:
    """The features as MLflow describes columns."""
    return [
        {"type": _TYPES[feature.dtype], "name": feature.name, "required": not feature.nullable}
        for feature in manifest.features
    ]
