"""Which projects an event asks to check; one that fails does not keep the others from their turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from functions.check_drift.announce_reports import announce_reports
from functions.check_drift.check_version import Check, check_version
from sluice.stores.baselines import Watched


def check_projects(monitoring: Watched, event: Mapping[str, Any], correlation_id: str) -> list[str]:
    """The ids of the reports that were made. Raises the first error after every project had its turn."""
    reports: list[str] = []
    failures: list[Exception] = []
    for check in _checks(monitoring, event, correlation_id):
        try:
            reports += _check(monitoring, check)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other projects have their turn
            failures.append(error)
    if failures:
        raise failures[0]
    return reports


def _checks(monitoring: Watched, event: Mapping[str, Any], correlation_id: str) -> Iterator[Check]:
    if event.get("detail-type") == "DriftCheckRequested":
        detail = event["detail"]
        environment = detail["data"].get("environment")
        yield Check(detail["tenant"], detail["project"], environment, True, detail["correlation_id"])
        return
    for tenant in monitoring.tenants.names():
        for project in monitoring.projects.names(tenant):
            yield Check(tenant, project, None, False, correlation_id)


def _check(monitoring: Watched, check: Check) -> list[str]:
    reports = [
        report
        for environment, version in monitoring.counts.open_windows(check.tenant, check.project)
        if check.environment in {None, environment}
        for report in check_version(monitoring, check, environment, version)
    ]
    announce_reports(monitoring, check.tenant, check.project)
    return reports
