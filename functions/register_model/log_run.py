"""What the training found, in its MLflow run: people find it there with the tools they know."""

from __future__ import annotations

import json
import math

from sluice.domain.clock import parse_time
from sluice.domain.tracking.entities import DatasetInput
from sluice.domain.training import Training
from sluice.scoring.manifest import Manifest
from sluice.stores.tracking.store import Tracking

_TAG_LENGTH = 5_000


def log_run(tracking: Tracking, tenant: str, training: Training, manifest: Manifest) -> None:
    """Metrics, params, tags and the dataset; the same again when it is repeated."""
    run_id = training.run_id or ""
    tracking.log_batch(
        tenant,
        run_id,
        metrics={name: value for name, value in training.metrics.items() if math.isfinite(value)},
        params=_params(training, manifest),
        tags=_tags(training, manifest),
        timestamp=int(parse_time(training.created_at).timestamp() * 1000),
    )
    tracking.log_inputs(tenant, run_id, [_dataset(training, manifest)])


def _params(training: Training, manifest: Manifest) -> dict[str, str]:
    known = {
        "task": manifest.task,
        "target": manifest.target,
        "features": len(manifest.features),
        "threshold": manifest.threshold if manifest.task == "binary" else None,
        "rows": training.details.get("rows"),
        "train_rows": training.details.get("train_rows"),
        "test_rows": training.details.get("test_rows"),
        "project_version": training.project_version,
        "code_digest": training.code_digest,
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def _tags(training: Training, manifest: Manifest) -> dict[str, str]:
    verdict = training.details.get("verdict", {})
    return {
        "sluice.outcome": training.outcome or "",
        "sluice.verdict": str(verdict.get("sentence", "")),
        "mlflow.note.content": "\n\n".join(verdict.get("sentences", []))[:_TAG_LENGTH],
        "sluice.model_digest": manifest.digest,
        "sluice.report_digest": training.artefacts["report"].sha256,
        "sluice.requested_by": training.requested_by,
    }


def _dataset(training: Training, manifest: Manifest) -> DatasetInput:
    """Where the data lie, by role and key as everywhere, never by bucket."""
    ref = training.dataset
    columns = [
        {
            "type": "string" if feature.dtype == "string" else "double",
            "name": feature.name,
            "required": not feature.nullable,
        }
        for feature in manifest.features
    ]
    counted = {
        name: training.details[name]
        for name in ("rows", "train_rows", "test_rows")
        if name in training.details
    }
    return DatasetInput(
        name=ref.key.rsplit("/", 1)[-1],
        digest=ref.sha256[:36],
        source_type="sluice",
        source=json.dumps(
            {"role": ref.role, "key": ref.key, "version_id": ref.version_id, "sha256": ref.sha256}
        ),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps(counted),
        tags=(("mlflow.data.context", "training"),),
    )
