"""Keeps the snapshots that cold searches start from, woken by notes of changes in the tracking table."""

from __future__ import annotations

from typing import Any

from functions.snapshot_runs.read_notes import read_notes
from functions.snapshot_runs.refresh_snapshot import refresh_snapshot
from functions.snapshot_runs.settings import snapshots, tracking
from sluice.web.observability import note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """What the records say is read from the table: repeated, unordered and lost ones do no harm."""
    outcomes: dict[str, int] = {}
    for tenant, experiment_id, asked in read_notes(event["Records"]):
        outcome = refresh_snapshot(tracking(), snapshots(), tenant, experiment_id, asked=asked)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    note(records=len(event["Records"]), **outcomes)
    return {"outcome": "refreshed", **outcomes}
