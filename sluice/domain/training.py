"""A training: from a dataset version, a code version and a project.yaml version to a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Reason

TrainingStatus = Literal["queued", "running", "succeeded", "rejected", "failed"]
Cause = Literal["upload", "code", "request", "retry", "drift", "registered"]

OPEN: tuple[TrainingStatus, ...] = ("queued", "running")
NO_CODE = "none"
"""Code digest of a project whose pipeline is declared in project.yaml."""


@dataclass(frozen=True, slots=True)
class Stage:
    """When a workflow's state began and ended, RFC 3339."""

    started_at: str
    ended_at: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class GivenModel:
    """A version that somebody registered through MLflow, made outside: by the run and from the artifacts
    that it names.
    """

    version: int
    source: str
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """`artefacts` by name: dataset, code, train, test, profile, model, manifest, parity, baseline,
    scores, report, test_log, training_log. `given` is judged instead of a model that is trained.
    `details` holds what a later state needs of an earlier one, as plain JSON values.
    """

    training_id: str
    project: str
    project_version: int
    project_digest: str
    code_digest: str
    identity: str
    status: TrainingStatus
    cause: Cause
    requested_by: str
    authenticated: bool
    correlation_id: str
    sequencer: str
    dataset: ArtefactRef
    code: ArtefactRef | None = None
    upload_id: str | None = None
    given: GivenModel | None = None
    forced: bool = False
    attempt: int = 0
    stage: str | None = None
    outcome: str | None = None
    reasons: tuple[Reason, ...] = ()
    error: str | None = None
    run_id: str | None = None
    experiment_id: str | None = None
    model_version: int | None = None
    split_override: Mapping[str, Any] | None = None
    artefacts: Mapping[str, ArtefactRef] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    stages: Mapping[str, Stage] = field(default_factory=dict)
    created_at: str = ""
    updated_at: str = ""
    ended_at: str | None = None
    rev: int = 1


def identity_of(*, data_sha256: str, code_digest: str, project_digest: str) -> str:
    """Equal identities train the same model: same rows, same code, same project.yaml."""
    return hashlib.sha256(f"{data_sha256}\n{code_digest}\n{project_digest}".encode()).hexdigest()
