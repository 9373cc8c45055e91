"""One model version in one environment: take in what was counted, close windows, report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from functions.check_drift.describe_window import describe_window, summarised
from functions.check_drift.judge_window import judge_window
from sluice.domain.baseline import Baseline
from sluice.domain.clock import format_time
from sluice.domain.endpoints import Endpoint
from sluice.domain.errors import Conflict
from sluice.domain.monitor import Monitor, Step, WindowRule, next_step
from sluice.project.schema import ProjectSpec, stored_project
from sluice.stores.baselines import Watched
from sluice.stores.drift_reports import Report

CHUNKS_AT_ONCE = 90
"""Beside the total and a report: a transaction holds 100 items."""
_REFUSALS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """`environment` None is all of them. `requested`: windows with enough rows close now."""

    tenant: str
    project: str
    environment: str | None
    requested: bool
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked, and against what."""

    environment: str
    version: int
    spec: ProjectSpec
    baseline: Baseline
    champion: bool

    @property
    def rule(self) -> WindowRule:
        settings = self.spec.monitoring
        return WindowRule(settings.window_rows, settings.window_hours, settings.minimum_rows)


def check_version(monitoring: Watched, check: Check, environment: str, version: int) -> Iterator[str]:
    """Ids of the reports made. Each step is one transaction: stopped anywhere, the next check goes on."""
    subject = _subject(monitoring, check, environment, version)
    refused = 0
    while subject and refused < _REFUSALS:
        step, closed_at = _next(monitoring, check, subject)
        if not step.chunks and closed_at is None:
            return
        report = _report(monitoring, check, subject, step.monitor, closed_at) if closed_at else None
        after, made = report or (step.monitor, None)
        if not monitoring.counts.advance(check.tenant, after, step.chunks, made):
            refused += 1
        elif made:
            yield made.report_id
    if refused:
        raise Conflict(f"{check.project} in {environment} is being checked by somebody else")


def _subject(monitoring: Watched, check: Check, environment: str, version: int) -> Subject | None:
    """None for a version that cannot be monitored: it has no baseline."""
    baseline = monitoring.baselines.find(check.tenant, check.project, version)
    if baseline is None:
        return None
    spec = stored_project(monitoring.projects.get(check.tenant, check.project).document)
    champion = environment == spec.promotion.environments[-1].name and version == _heaviest(
        monitoring.endpoints.get(check.tenant, check.project, environment)
    )
    return Subject(environment, version, spec, baseline, champion)


def _heaviest(endpoint: Endpoint | None) -> int | None:
    """The model version that serves the most."""
    if endpoint is None:
        return None
    return max(endpoint.variants, key=lambda variant: variant.weight).model_version


def _next(monitoring: Watched, check: Check, subject: Subject) -> tuple[Step, datetime | None]:
    """What to take in now, and when the window closed if it does."""
    place = (check.tenant, check.project, subject.environment, subject.version)
    monitor = monitoring.counts.monitor(*place)
    waiting, more = monitoring.counts.pending(*place, limit=CHUNKS_AT_ONCE)
    step = next_step(monitor, waiting, subject.rule, more=more)
    now = monitoring.platform.clock()
    all_taken = not more and len(step.chunks) == len(waiting)
    may_close = all_taken and step.monitor.may_close(subject.rule, now, requested=check.requested)
    return step, now if step.closes or may_close else None


def _report(
    monitoring: Watched, check: Check, subject: Subject, monitor: Monitor, closed_at: datetime
) -> tuple[Monitor, Report]:
    """The closed window's report, written whole to the archive, and the monitor of the next window."""
    judged = judge_window(subject.baseline, monitor, subject.spec.monitoring, champion=subject.champion)
    report_id = f"{subject.environment}-{subject.version:06d}-{judged.monitor.windows:06d}"
    whole = describe_window(judged, monitor, report_id=report_id, closed_at=format_time(closed_at))
    key = f"{check.tenant}/reports/{check.project}/{subject.environment}/{report_id}.json"
    content = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
    full = monitoring.artefacts.write("archive", key, content, content_type="application/json")
    report = Report(
        project=check.project,
        environment=subject.environment,
        model_version=subject.version,
        report_id=report_id,
        level=judged.level,
        document=summarised(whole),
        full=full,
        correlation_id=check.correlation_id,
        announce={kind: monitoring.platform.new_id() for kind in judged.events},
    )
    return judged.monitor, report
