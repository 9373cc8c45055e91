"""The model's manifest, complete but for the files that score_dataset makes: it adds their digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sluice.domain.artefacts import sha256_of
from sluice.project.schema import ProjectSpec


def draft_manifest(spec: ProjectSpec, onnx: bytes, result: Mapping[str, Any]) -> bytes:
    """Canonical JSON; `result` is what the child said of its model."""
    document = {
        "v": 1,
        "project": spec.name,
        "task": spec.evaluation.task,
        "target": spec.target.name,
        "features": [
            {
                "name": column.name,
                "dtype": column.dtype,
                "nullable": column.nullable,
                "minimum": column.minimum,
                "maximum": column.maximum,
                "categories": list(column.categories or result["categories"].get(column.name) or []) or None,
                "change": column.change,
            }
            for column in spec.contract.features
        ],
        "classes": result["classes"],
        "positive_class": spec.target.positive,
        "adverse": spec.target.adverse,
        "threshold": result["threshold"],
        "onnx": {
            "sha256": sha256_of(onnx),
            "size": len(onnx),
            "output_probability": result["output_probability"],
            "output_value": result["output_value"],
        },
        "explanation": result["explanation"],
        "reasons": {column.name: column.reason for column in spec.contract.features if column.reason},
        "protected": [column.name for column in spec.contract.protected],
        "personal": [column.name for column in spec.contract.columns if column.personal],
        "train": {
            "rows": result["rows"],
            "seed": spec.training.seed,
            "library_versions": result["library_versions"],
        },
        "baseline_sha256": None,
        "background_sha256": None,
        "card_sha256": None,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
