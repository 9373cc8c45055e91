"""A judged window as the report that people and programs read (its shape: docs/monitoring.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from functions.check_drift.judge_window import Judged
from sluice.domain.drift import ColumnDrift
from sluice.domain.monitor import Monitor
from sluice.domain.quality import Quality

SUMMARY_FEATURES = 50

Document = dict[str, Any]


def describe_window(judged: Judged, monitor: Monitor, *, report_id: str, closed_at: str) -> Document:
    """The whole report; `monitor` is the one that was judged."""
    drift = judged.drift
    return {
        "v": 1,
        "report_id": report_id,
        "project": monitor.project,
        "environment": monitor.environment,
        "model_version": monitor.model_version,
        "level": judged.level,
        "window": {
            "number": judged.monitor.windows,
            "rows": drift.rows,
            "labels": judged.quality.labels,
            "opened_at": monitor.opened_at,
            "closed_at": closed_at,
        },
        "inputs": {
            "level": drift.inputs,
            "alarms": list(drift.alarms),
            "warnings": list(drift.warnings),
            "alarms_in_a_row": judged.monitor.input_alarms,
            "features": [_column(column) for column in sorted(drift.features, key=lambda each: -each.psi)],
        },
        "predictions": _column(drift.prediction),
        "quality": asdict(judged.quality),
        "policy": asdict(judged.decision),
        "sentences": list(_sentences(judged, monitor)),
    }


def summarised(document: Document) -> Document:
    """Small enough for a table's item: without bins, and the furthest features only."""
    features = [_without_bins(column) for column in document["inputs"]["features"][:SUMMARY_FEATURES]]
    inputs = {**document["inputs"], "features": features, "measured": len(document["inputs"]["features"])}
    return {**document, "inputs": inputs, "predictions": _without_bins(document["predictions"])}


def _column(column: ColumnDrift) -> Document:
    names = ("name", "level", "psi", "noise", "js", "p", "p_adjusted")
    shares = {
        name: {"reference": before, "window": after}
        for name, (before, after) in (("missing", column.missing), ("new", column.new))
    }
    bins = [{"bin": name, "reference": before, "window": after} for name, before, after in column.bins]
    return {**{name: getattr(column, name) for name in names}, **shares, "bins": bins}


def _without_bins(column: Mapping[str, Any]) -> Document:
    return {name: value for name, value in column.items() if name != "bins"}


def _sentences(judged: Judged, monitor: Monitor) -> Iterator[str]:
    drift = judged.drift
    place = f"model {monitor.model_version} in {monitor.environment}"
    yield f"window {judged.monitor.windows} of {place}: {drift.rows:,} rows"
    if judged.level == "too_few_rows":
        yield "too few rows to say whether anything drifted"
        return
    yield _inputs(judged)
    yield f"predictions: {drift.prediction.level} (PSI {drift.prediction.psi:.2f})"
    yield _quality(judged.quality)
    yield _policy(judged)


def _inputs(judged: Judged) -> str:
    drift = judged.drift
    named = {column.name: column for column in drift.features}
    chosen = drift.alarms or drift.warnings
    if not chosen:
        return "inputs: no feature drifted"
    verb = "alarm" if drift.alarms else "warn"
    listed = ", ".join(f"{name} (PSI {named[name].psi:.2f})" for name in chosen[:5])
    more = f" and {len(chosen) - 5} more" if len(chosen) > 5 else ""  # noqa: PLR2004 - as listed
    return f"inputs: {len(chosen)} of {len(drift.features)} features {verb}: {listed}{more}"


def _quality(quality: Quality) -> str:
    if quality.verdict == "too_few_labels":
        return f"labelled quality: not judged, {quality.labels:,} labels are too few"
    deciding = next(entry for entry in quality.metrics if entry.name == quality.metric)
    low, high = deciding.interval
    words = {"inside": "as expected", "worse": "worse than expected", "better": "better than expected"}
    return (
        f"labelled quality: {quality.metric} {deciding.value:.3f} is {words[quality.verdict]} "
        f"({low:.3f} to {high:.3f}), {quality.labels:,} labels"
    )


def _policy(judged: Judged) -> str:
    if judged.decision.retrain:
        return "policy: retraining is asked for"
    failing = [f"{clause.name} ({clause.evidence})" for clause in judged.decision.clauses if not clause.holds]
    return f"policy: no retraining; what does not hold: {', '.join(failing)}"
