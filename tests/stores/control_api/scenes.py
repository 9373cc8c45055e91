"""Builders of what the control API tells about: a registered model, a promotion, a scored request."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from functions.manage_platform.platform import Platform
from sluice.domain.artefacts import sha256_of
from sluice.domain.clock import format_time
from sluice.domain.endpoints import Variant
from sluice.domain.model import ModelVersion
from sluice.domain.predictions import ScoredRequest
from sluice.domain.promotion import Promotion
from sluice.project.schema import canonical, digest, parse_project
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


def register_model(platform: Platform, version: int = 1, *, project: str = PROJECT) -> ModelVersion:
    files = {"manifest": json.dumps(MANIFEST | {"project": project}).encode(), "model": b"onnx"}
    refs = {
        name: platform.artefacts.write("artifacts", f"{TENANT}/{project}/{version}/{name}", content)
        for name, content in files.items()
    }
    model = ModelVersion(
        project=project,
        version=version,
        training_id=f"training-{version}",
        run_id="a" * 32,
        experiment_id="1",
        dataset=platform.artefacts.write("data", "projects/credit/data/german.csv", b"rows"),
        code_digest="c0de",
        project_version=1,
        project_digest="5pec",
        model_digest=sha256_of(files["manifest"]),
        report_digest="4e904t",
        outcome="first",
        requested_by="ada",
        artefacts=refs,
    )
    platform.models.add(TENANT, model)
    return model


def open_promotion(platform: Platform, **changes: Any) -> Promotion:
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
        "expires_on": format_time(platform.platform.clock() + timedelta(days=3)),
    }
    return platform.promotions.open_new(TENANT, Promotion(**(fields | changes)))


def serve(platform: Platform, model: ModelVersion, promotion: Promotion) -> None:
    variant = Variant("champion", model.version, model.model_digest, 100, model.artefacts)
    platform.endpoints.put_revision(
        TENANT,
        promotion.project,
        "production",
        variants=[variant],
        promotion_id=promotion.promotion_id,
        change_id="change-1",
        expected_revision=0,
    )


def score(
    platform: Platform,
    model: ModelVersion,
    promotion: Promotion,
    *,
    rows: int,
    request_id: str,
    **changes: Any,
) -> ScoredRequest:
    """A request as predict would have written it."""
    request = ScoredRequest(
        request_id=request_id,
        project=model.project,
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
    request = replace(request, **changes)
    platform.predictions.put(TENANT, request)
    return request


def scored(
    platform: Platform,
    *,
    rows: int = 2,
    project: str = PROJECT,
    request_id: str = REQUEST,
    promotion_id: str = "promotion-1",
    **changes: Any,
) -> ScoredRequest:
    """A project whose first model waits for its approval, serves already, and scored one request."""
    pushed = parse_project(spec(project))
    platform.projects.push(
        TENANT,
        project,
        digest=digest(pushed),
        document=canonical(pushed).decode(),
        owners=pushed.owners,
        purpose=pushed.purpose,
        by="ada",
    )
    model = register_model(platform, project=project)
    promotion = open_promotion(
        platform, promotion_id=promotion_id, project=project, model_digest=model.model_digest
    )
    serve(platform, model, promotion)
    return score(platform, model, promotion, rows=rows, request_id=request_id, **changes)
