"""Closes windows of served predictions and reports on them: on a schedule, and when somebody asks."""

from __future__ import annotations

from typing import Any

from functions.check_drift.check_projects import check_projects
from sluice.stores.baselines import watched
from sluice.web.observability import correlation_of, note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's signature
    """`reports` lists the reports that were made. Raises when a project could not be checked."""
    reports = check_projects(watched(), event, correlation_of(event, context))
    note(reports=reports)
    return {"outcome": "checked", "reports": reports}
