"""The files that make the folder a model for MLflow's clients (flavors onnx and python_function)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sluice.domain.training import Training
from sluice.scoring.manifest import Manifest

_TENSORS: Mapping[str, str] = {
    "number": "float32",
    "integer": "float32",
    "boolean": "float32",
    "string": "object",
}


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
        "signature": {"inputs": json.dumps(tensors_of(manifest)), "outputs": None, "params": None},
        "metadata": {
            "sluice.project": manifest.project,
            "sluice.model_digest": manifest.digest,
        },
    }
    return json.dumps(document, indent=1).encode()


def requirements() -> bytes:
    """What loading the model needs."""
    return b"mlflow\nonnx\nonnxruntime\nnumpy\npandas\n"


def tensors_of(manifest: Manifest) -> list[dict[str, object]]:
    """One tensor a feature, [rows, 1]: MLflow shapes a data frame's columns accordingly."""
    return [
        {
            "type": "tensor",
            "name": feature.name,
            "tensor-spec": {"dtype": _TENSORS[feature.dtype], "shape": [-1, 1]},
        }
        for feature in manifest.features
    ]
