"""Builders of what the control API tells about: a registered model, a promotion, a scored request."""

from __future__ import annotations

import json
from typing import Any

from sluice.domain.artefacts import sha256_of
from sluice.domain.endpoints import Variant
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest
from sluice.domain.promotion import Promotion
from sluice.stores.ledger import Ledger
from tests.stores.control_api.api import Api
from tests.stores.control_api.test_projects import spec

TENANT, PROJECT = "default", "credit"
REQUEST = "01936b2e-0000-7000-8000-000000000001"

MANIFEST: dict[str, Any] = {
    "v": 1,
    "project": PROJECT,
    "task": "binary",
    "target": "bad",
    "features": [
        {"name": "age", "dtype": "number", "nullable": False},
        {"name": "duration", "dtype": "number", "nullable": True},
        {"name": "purpose", "dtype": "string", "nullable": False},
        {"name": "sex", "dtype": "string", "nullable": False},
    ],
    "classes": ["0", "1"],
    "positive_class": "1",
    "threshold": 0.2,
    "onnx": {"sha256": "0" * 64, "size": 1, "output_probability": "probabilities"},
    "explanation": {
        "kind": "linear",
        "base": -1.0,
        "terms": {
            "age": {"kind": "numeric", "coefficient": -0.02, "missing": None, "mean": -0.8},
            "duration": {"kind": "numeric", "coefficient": 0.05, "missing": 20.0, "mean": 1.0},
            "purpose": {
                "kind": "table",
                "values": {"car": 0.3, "tv": -0.1},
                "other": 0.0,
                "missing": 0.0,
                "mean": 0.1,
            },
            "sex": {"kind": "table", "values": {"f": 0.9}, "other": 0.0, "missing": 0.0, "mean": 0.0},
        },
    },
    "reasons": {"duration": "The credit runs for long"},
    "protected": ["sex"],
    "train": {"rows": 700},
    "baseline_sha256": "0" * 64,
}


def register_model(api: Api, version: int = 1) -> ModelVersion:
    files = {"manifest": json.dumps(MANIFEST).encode(), "model": b"onnx"}
    refs = {
        name: api.platform.artefacts.write("artifacts", f"{version}/{name}", content)
        for name, content in files.items()
    }
    model = ModelVersion(
        project=PROJECT,
        version=version,
        training_id=f"training-{version}",
        run_id="a" * 32,
        experiment_id="1",
        dataset=api.platform.artefacts.write("data", "projects/credit/data/german.csv", b"rows"),
        code_digest="c0de",
        project_version=1,
        project_digest="5pec",
        model_digest=sha256_of(files["manifest"]),
        report_digest="4e904t",
        outcome="first",
        requested_by="ada",
        artefacts=refs,
    )
    api.platform.models.add(TENANT, model)
    return model


def open_promotion(api: Api, **changes: Any) -> Promotion:
    """A promotion that waits for a person, its workflow asleep."""
    fields: dict[str, Any] = {
        "promotion_id": "promotion-1",
        "project": PROJECT,
        "model_version": 1,
        "environment": "production",
        "path": ("staging", "production"),
        "status": "waiting_for_approval",
        "requested_by": "ada",
        "outcome": "first",
        "model_digest": "m0de1",
        "report_digest": "4e904t",
        "approvals_required": 1,
        "approval_hours": 72,
        "strategy": "all_at_once",
        "correlation_id": "correlation",
        "task_token": "secret-token",
        "expires_on": "2026-11-26T10:00:00.000Z",
    }
    return api.platform.promotions.open_new(TENANT, Promotion(**(fields | changes)))


def serve(api: Api, model: ModelVersion, promotion: Promotion) -> None:
    variant = Variant("champion", model.version, model.model_digest, 100, model.artefacts)
    api.platform.endpoints.put_revision(
        TENANT,
        PROJECT,
        "production",
        variants=[variant],
        promotion_id=promotion.promotion_id,
        change_id="change-1",
        expected_revision=0,
    )


def score(api: Api, model: ModelVersion, promotion: Promotion, *, rows: int = 2) -> ScoredRequest:
    """A request as predict would have written it."""
    request = ScoredRequest(
        request_id=REQUEST,
        project=PROJECT,
        environment="production",
        created_at="2026-11-23T10:00:00.000Z",
        revision=1,
        promotion_id=promotion.promotion_id,
        variant="champion",
        model_version=model.version,
        model_digest=model.model_digest,
        task="binary",
        rows=rows,
        protocol="oip",
        principal="scorer",
        correlation_id="correlation",
        features={
            "age": [30.0] * rows,
            "duration": [48.0] * rows,
            "purpose": ["car"] * rows,
            "sex": ["f"] * rows,
        },
        threshold=0.2,
        classes=("0", "1"),
        probabilities={"0": [0.3] * rows, "1": [0.7] * rows},
        labels=["1"] * rows,
        accompanying={"nationality": ["x"] * rows},
    )
    Ledger(api.platform.ledger, api.platform.artefacts).put(TENANT, request)
    return request


def scored(api: Api, *, rows: int = 2) -> ScoredRequest:
    """A project whose first model was approved by ben, serves, and scored one request."""
    api.post("/projects", {"spec": spec()}).ok()
    model = register_model(api)
    promotion = open_promotion(api, model_digest=model.model_digest)
    serve(api, model, promotion)
    return score(api, model, promotion, rows=rows)
