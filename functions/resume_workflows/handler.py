"""Finds what a restart, a crash or a lost event left lying, and moves it on."""

from __future__ import annotations

from typing import Any

from functions.resume_workflows.find_uploads import find_files_to_score, find_uploads
from functions.resume_workflows.find_versions import find_versions
from functions.resume_workflows.resume import resume_batches, resume_promotions, resume_trainings
from sluice.stores.deployment import deployment
from sluice.web.observability import note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """Gives what was moved, and what `failed` to.

    `find_uploads` also lists the bucket for uploads whose event was lost: a listing costs, so the schedule
    leaves it out.
    """
    kinds = {"trainings": resume_trainings, "promotions": resume_promotions, "batches": resume_batches}
    moved: dict[str, list[str]] = {kind: [] for kind in (*kinds, "uploads", "versions", "failed")}
    for tenant in deployment().tenants.names():
        for kind, resume in kinds.items():
            resumed = resume(deployment(), tenant)
            moved[kind] += resumed.moved
            moved["failed"] += resumed.failed
        moved["versions"] += find_versions(deployment(), tenant)
        if event.get("find_uploads"):
            moved["uploads"] += find_uploads(deployment(), tenant)
            moved["batches"] += find_files_to_score(deployment(), tenant)
    note(moved={kind: len(ids) for kind, ids in moved.items()})
    return {"outcome": "resumed", **moved}
