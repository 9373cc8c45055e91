"""Why a model answered what it did, per feature; for a linear model exactly and without running it again.

Additivity holds by construction: base + the contributions + what is withheld = output.
Credit convention (Regulation B): at most four principal adverse reasons, specific texts, and protected
attributes never shown. Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sluice.scoring.manifest import Manifest, NumericTerm, TableTerm

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = float | int | bool | str | None
Method = Literal["closed_form", "permutation"]

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

    `method`: closed_form (`base` is the mean output in training) or permutation (`base` is the mean output
    of `background_rows` stored rows). `explained_class`: whose log-odds or probability it is, None for a
    value. `protected_ranked`: a protected attribute would have been among the principal reasons, a finding;
    None for a model that sees none.
    """

    method: Method
    unit: str
    explained_class: str | None
    base: float
    output: float
    contributions: tuple[Contribution, ...]
    withheld: float
    reasons: tuple[PrincipalReason, ...]
    protected_ranked: bool | None
    background_rows: int


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
    return explanation_of(manifest, every, linear.base, manifest.positive_class)


def explanation_of(
    manifest: Manifest,
    every: list[Contribution],
    base: float,
    explained_class: str | None,
    background_rows: int = 0,
) -> Explanation:
    """What may be told of contributions, the strongest first; without background rows, of a closed form."""
    every = sorted(every, key=lambda entry: (-abs(entry.contribution), entry.feature))
    hidden = [entry for entry in every if entry.feature in manifest.protected]
    adverse = _adverse(manifest, every)
    ranked = any(entry.feature in manifest.protected for entry in adverse[:PRINCIPAL_REASONS])
    return Explanation(
        method="permutation" if background_rows else "closed_form",
        unit=manifest.unit,
        explained_class=explained_class,
        base=base,
        output=math.fsum([base, *(entry.contribution for entry in every)]),
        contributions=tuple(entry for entry in every if entry not in hidden),
        withheld=math.fsum(entry.contribution for entry in hidden),
        reasons=_principal_reasons(manifest, adverse),
        protected_ranked=ranked if hidden else None,
        background_rows=background_rows,
    )


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
