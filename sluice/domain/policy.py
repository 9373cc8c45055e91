"""Whether a window asks for a new model. Drift alone is a finding; only labels tell harm."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.domain.drift import WindowDrift
from sluice.domain.quality import Quality


@dataclass(frozen=True, slots=True)
class Policy:
    """Of project.yaml: `monitoring.retraining`."""

    enabled: bool
    input_alarms_in_a_row: int
    minimum_new_labels: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: whether it holds and the evidence, for people."""

    name: str
    holds: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`retrain` when every clause holds."""

    retrain: bool
    clauses: tuple[Clause, ...]


def decide(
    policy: Policy,
    drift: WindowDrift,
    quality: Quality,
    *,
    champion: bool,
    input_alarms: int,
    new_labels: int,
) -> Decision:
    """`champion`: this version carries the most weight in the last environment. `input_alarms`: windows
    with an input alarm in a row, this one included. `new_labels`: since the model was trained or last asked
    to be.
    """
    clauses = (
        Clause("enabled", policy.enabled, "the project allows it" if policy.enabled else "switched off"),
        Clause("champion", champion, "it serves the most" if champion else "another version serves the most"),
        _drift(policy, drift, input_alarms),
        Clause(
            "quality", quality.verdict == "worse", f"{quality.metric}: {quality.verdict.replace('_', ' ')}"
        ),
        Clause(
            "new_labels",
            new_labels >= policy.minimum_new_labels,
            f"{new_labels:,} new labels, {policy.minimum_new_labels:,} are needed",
        ),
    )
    return Decision(all(clause.holds for clause in clauses), clauses)


def _drift(policy: Policy, drift: WindowDrift, input_alarms: int) -> Clause:
    by_prediction = drift.prediction.level == "alarm"
    by_inputs = input_alarms >= policy.input_alarms_in_a_row
    evidence = (
        f"predictions: {drift.prediction.level}; "
        f"windows with an input alarm in a row: {input_alarms}, {policy.input_alarms_in_a_row} are needed"
    )
    return Clause("drift", by_prediction or by_inputs, evidence)
