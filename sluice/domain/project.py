"""A project: a use case with owners, described by versioned pushes of its project.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.domain.artefacts import ArtefactRef


@dataclass(frozen=True, slots=True)
class Project:
    """`document`: the current specification as canonical JSON text."""

    name: str
    version: int
    digest: str
    document: str
    owners: tuple[str, ...]
    purpose: str
    created_by: str
    code_digest: str | None = None
    code: ArtefactRef | None = None
    dataset: ArtefactRef | None = None
    created_at: str = ""
    updated_at: str = ""
    rev: int = 1


@dataclass(frozen=True, slots=True)
class ProjectVersion:
    """One push: immutable."""

    name: str
    version: int
    digest: str
    document: str
    pushed_by: str
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """One code upload with content not seen before: immutable."""

    digest: str
    ref: ArtefactRef
    uploaded_by: str
    upload_id: str
    files: int
    created_at: str = ""
