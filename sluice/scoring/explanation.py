"""Why a linear model answered what it did: exact, per feature, without running the model again.

Additivity holds by construction: base + the contributions + what is withheld = output.
Credit convention (Regulation B): at most four principal adverse reasons, specific texts, and protected
attributes never shown. Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.scoring.manifest import Linear, Manifest, NumericTerm, TableTerm

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = float | int | bool | str | None

PRINCIPAL_REASONS = 4


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one feature adds to the output, in log-odds or in the target's unit."""

    feature: str
    value: Value
    contribution: float


@dataclass(frozen=True, slots=True)
class PrincipalReason:
    """A reason against the applicant, in the project's words; `contribution` in the adverse direction."""

    feature: str
    text: str
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`output` = base + contributions + withheld (the sum over protected attributes, never itemised).

    `protected_ranked`: a protected attribute would have been among the principal reasons, a finding.
    """

    unit: str
    base: float
    output: float
    contributions: tuple[Contribution, ...]
    withheld: float
    reasons: tuple[PrincipalReason, ...]
    protected_ranked: bool


def explain_row(manifest: Manifest, row: Mapping[str, Value]) -> Explanation | None:
    """Explain one row given by feature; None when the model has no closed form.

    `row` holds what was scored: numbers (None or NaN: missing), strings ('' or None: missing).
    """
    linear = manifest.explanation
    if linear is None:
        return None
    every = [
        Contribution(name, row.get(name), _centred(term, row.get(name)))
        for name, term in linear.terms.items()
    ]
    every.sort(key=lambda entry: (-abs(entry.contribution), entry.feature))
    shown = tuple(entry for entry in every if entry.feature not in manifest.protected)
    withheld = math.fsum(entry.contribution for entry in every if entry.feature in manifest.protected)
    adverse = _adverse(manifest, every)
    return Explanation(
        unit="log-odds" if manifest.task == "binary" else manifest.target,
        base=linear.base,
        output=_output(linear, every),
        contributions=shown,
        withheld=withheld,
        reasons=_principal_reasons(manifest, adverse),
        protected_ranked=any(entry.feature in manifest.protected for entry in adverse[:PRINCIPAL_REASONS]),
    )


def _output(linear: Linear, every: list[Contribution]) -> float:
    return math.fsum([linear.base, *(entry.contribution for entry in every)])


def _centred(term: NumericTerm | TableTerm, value: Value) -> float:
    if isinstance(term, TableTerm):
        return _looked_up(term, value) - term.mean
    number = term.missing if _is_missing(value) else float(value)  # type: ignore[arg-type] # not missing: a number
    return term.coefficient * (number or 0.0) - term.mean


def _looked_up(term: TableTerm, value: Value) -> float:
    if _is_missing(value):
        return term.missing
    return term.values.get(_category(value), term.other)


def _category(value: Value) -> str:
    """Booleans and whole numbers are stored as floats: 1.0 names the category '1'."""
    if isinstance(value, str):
        return value
    number = float(value or 0.0)
    return str(int(number)) if number.is_integer() else str(number)


def _is_missing(value: Value) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _adverse(manifest: Manifest, every: list[Contribution]) -> list[Contribution]:
    """Contributions towards the adverse class, the strongest first. A value has no adverse side."""
    if manifest.task != "binary":
        return []
    sign = 1.0 if manifest.adverse_class == manifest.positive_class else -1.0
    turned = [Contribution(entry.feature, entry.value, sign * entry.contribution) for entry in every]
    return [entry for entry in turned if entry.contribution > 0]


def _principal_reasons(manifest: Manifest, adverse: list[Contribution]) -> tuple[PrincipalReason, ...]:
    allowed = [entry for entry in adverse if entry.feature not in manifest.protected]
    return tuple(
        PrincipalReason(
            entry.feature, manifest.reasons.get(entry.feature) or _default_text(entry), entry.contribution
        )
        for entry in allowed[:PRINCIPAL_REASONS]
    )


def _default_text(entry: Contribution) -> str:
    return f"{entry.feature} is {'missing' if _is_missing(entry.value) else entry.value}"
