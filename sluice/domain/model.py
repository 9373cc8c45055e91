"""A model version as governance sees it: what it is made of and who let it where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice.domain.artefacts import ArtefactRef

MAXIMUM_MODEL_BYTES = 100_000_000
"""Of an ONNX file: in memory it takes a multiple of that, beside the models of others."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """`artefacts` by name: model, manifest, baseline, report, parity. `promotions`: environment to
    the promotion that brought it there. `verdict`: the evaluation's summary for people.
    """

    project: str
    version: int
    training_id: str
    run_id: str
    experiment_id: str
    dataset: ArtefactRef
    code_digest: str
    project_version: int
    project_digest: str
    model_digest: str
    report_digest: str
    outcome: str
    requested_by: str
    artefacts: Mapping[str, ArtefactRef]
    code: ArtefactRef | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    promotions: Mapping[str, str] = field(default_factory=dict)
    correlation_id: str = ""
    created_at: str = ""
    updated_at: str = ""
    rev: int = 1
