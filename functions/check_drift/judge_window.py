"""A closed window: how far it drifted, how well it did, and what the policy says."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sluice.domain.baseline import Baseline
from sluice.domain.drift import Level, Thresholds, WindowDrift, measure_drift, worst
from sluice.domain.event import EventType
from sluice.domain.monitor import Monitor
from sluice.domain.policy import Decision, Policy, decide
from sluice.domain.quality import Quality, measure_quality
from sluice.project.monitoring import Monitoring


@dataclass(frozen=True, slots=True)
class Judged:
    """`monitor`: as it stands after the window closed."""

    drift: WindowDrift
    quality: Quality
    decision: Decision
    monitor: Monitor

    @property
    def level(self) -> Level:
        """Of inputs and predictions; what the labels say is the quality's verdict."""
        return worst([self.drift.inputs, self.drift.prediction.level])

    @property
    def events(self) -> tuple[EventType, ...]:
        """What the world has to be told: rows that moved, or labels that say what rows cannot."""
        found = self.level == "alarm" or self.quality.verdict == "worse"
        detected: tuple[EventType, ...] = ("DriftDetected",) if found else ()
        return (*detected, "RetrainingRequested") if self.decision.retrain else detected


def judge_window(baseline: Baseline, monitor: Monitor, settings: Monitoring, *, champion: bool) -> Judged:
    """Judge the open window and close it."""
    window, policy = monitor.window, settings.retraining
    drift = measure_drift(baseline, window, _thresholds(settings))
    quality = measure_quality(
        baseline,
        window,
        metric=policy.deciding_metric(baseline.task),
        minimum_labels=settings.minimum_labels,
        confidence=settings.quality_confidence,
    )
    input_alarms = monitor.input_alarms + 1 if drift.inputs == "alarm" else 0
    decision = decide(
        Policy(policy.enabled, policy.input_alarms_in_a_row, policy.minimum_new_labels),
        drift,
        quality,
        champion=champion,
        input_alarms=input_alarms,
        new_labels=monitor.total.labels - monitor.labels_at_request,
    )
    return Judged(drift, quality, decision, _closed(monitor, quality, decision, input_alarms))


def _closed(monitor: Monitor, quality: Quality, decision: Decision, input_alarms: int) -> Monitor:
    judged = quality.verdict != "too_few_labels"
    return replace(
        monitor,
        opened=monitor.total.about_rows(),
        judged=monitor.total.about_labels() if judged else monitor.judged,
        opened_at=None,
        windows=monitor.windows + 1,
        input_alarms=input_alarms,
        labels_at_request=monitor.total.labels if decision.retrain else monitor.labels_at_request,
    )


def _thresholds(settings: Monitoring) -> Thresholds:
    return Thresholds(settings.minimum_rows, settings.warn_psi, settings.alarm_psi, settings.alarm_p)
