"""Tenants: each has its own of everything; one of them runs the platform for the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OPERATOR = "default"
"""The operating tenant: there from the start, without a record, and never deleted."""


def project_folder(tenant: str, project: str) -> str:
    """Where a project keeps its data, code and what is derived from them, in the data bucket.

    The operating tenant's lie where they lay before there were others; names hold no dot.
    """
    return f"projects/{project}" if tenant == OPERATOR else f"projects/{tenant}.{project}"


TenantStatus = Literal["active", "deleting", "deleted"]


@dataclass(frozen=True, slots=True)
class Tenant:
    """`removed` counts what a deletion has taken away so far, by kind. A deleted one keeps its name."""

    name: str
    status: TenantStatus
    created_by: str
    created_at: str = ""
    updated_at: str = ""
    deleted_by: str | None = None
    deleted_at: str | None = None
    removed: Mapping[str, int] = field(default_factory=dict)
    cursor: str | None = None
