"""An evaluation in words, for those who approve it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sluice.domain import statistics
from sluice.domain.bias import BiasMeasure, BiasReport
from sluice.domain.statistics import Estimate

if TYPE_CHECKING:
    from sluice.domain.evaluation import Comparison
    from sluice.domain.evaluation_report import Evaluation

_VERDICTS = {
    "first": "First model of this project: there is no champion to compare it with.",
    "better": "Better than the champion.",
    "non_inferior": "Not worse than the champion by more than the margin.",
    "inconclusive": "Inconclusive: these rows cannot tell whether it is as good as the champion.",
    "worse": "Worse than the champion.",
    "rejected": "Rejected: it does not reach what every model of this project must reach.",
}
_FINDINGS = {
    "within": "within the limit of {limit:g}",
    "exceeds": "above the limit of {limit:g}",
    "undecided": "the interval crosses the limit of {limit:g}",
    "reported": "reported, no limit is set",
}


def sentences_of(evaluation: Evaluation) -> tuple[str, ...]:
    """Verdict first, then what it rests on."""
    return (
        _verdict(evaluation),
        *_given(evaluation),
        *(f"{reason.message}: {reason.value}, expected {reason.expected}." for reason in evaluation.reasons),
        f"{evaluation.primary} {_with_interval(evaluation.metrics[evaluation.primary])}.",
        _constant(evaluation),
        *_comparison(evaluation),
        _parity(evaluation),
        *(sentence for report in evaluation.bias for sentence in _bias(report)),
        *evaluation.findings,
        _looks(evaluation),
    )


def _verdict(evaluation: Evaluation) -> str:
    verdict = _VERDICTS[evaluation.outcome]
    comparison = evaluation.comparison
    if comparison and comparison.why:
        return f"{verdict} They cannot be compared: {comparison.why}."
    if comparison and comparison.difference and evaluation.outcome != "rejected":
        return f"{verdict} {evaluation.primary} difference {_with_interval(comparison.difference, '+.4f')}."
    return f"{verdict} {evaluation.primary} {_with_interval(evaluation.metrics[evaluation.primary])}."


def _given(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.given:
        yield (
            f"Version {evaluation.given['version']} was registered through MLflow and trained elsewhere: "
            "nothing proves that it has not seen these test rows. If it has, it looks better than it is."
        )


def _constant(evaluation: Evaluation) -> str:
    constant = evaluation.constant
    word = "Beats" if constant.beaten else "Does not beat"
    gain = _with_interval(constant.improvement, "+.4f")
    return f"{word} a constant answer ({constant.metric} {constant.value:.4f}) by its interval: {gain}."


def _comparison(evaluation: Evaluation) -> Iterator[str]:
    comparison = evaluation.comparison
    if comparison is None or comparison.difference is None:
        return
    yield from _provable(evaluation.primary, comparison.difference)
    if comparison.left_out:
        yield f"{comparison.left_out} rows were left out of the comparison: the champion has trained on them."
    yield from _discordant(comparison)


def _provable(metric: str, difference: Estimate) -> Iterator[str]:
    if difference.error:
        smallest = statistics.Z_POWER * difference.error
        yield (
            f"{difference.n} rows would prove a true {metric} difference of {smallest:.3g} in four of five; "
            "a smaller one less often."
        )


def _discordant(comparison: Comparison) -> Iterator[str]:
    if comparison.mcnemar is not None:
        yield (
            f"Only the candidate labels {comparison.only_candidate_right} rows right, only the champion "
            f"{comparison.only_champion_right} (exact McNemar p = {comparison.mcnemar:.3g})."
        )


def _parity(evaluation: Evaluation) -> str:
    parity = evaluation.parity
    word = "agrees" if parity.passed else "does not agree"
    return (
        f"The served ONNX file {word} with {_reference(evaluation)} on {parity.rows} rows: largest "
        f"difference {parity.max_difference:.2g}, allowed {parity.tolerance:g}."
    )


def _reference(evaluation: Evaluation) -> str:
    came_as_onnx = evaluation.given is not None and evaluation.given["flavor"] == "onnx"
    return "ONNX's reference implementation" if came_as_onnx else "scikit-learn"


def _bias(report: BiasReport) -> Iterator[str]:
    for measure in report.measures:
        name = measure.name.replace("_", " ")
        if measure.value is None or measure.interval is None:
            small = ", ".join(f"{group.group} {group.n}" for group in report.groups)
            yield f"{report.attribute}: too few rows for {name} ({small})."
        else:
            yield f"{report.attribute}: {name} {_bias_value(measure)}."


def _bias_value(measure: BiasMeasure) -> str:
    low, high = measure.interval or (float("nan"), float("nan"))
    judged = _FINDINGS[measure.finding].format(limit=measure.limit or 0.0)
    return f"{measure.value:.3f} (95 % {low:.3f} to {high:.3f}, n = {measure.n}), {judged}"


def _looks(evaluation: Evaluation) -> str:
    looks = evaluation.rows["looks"]
    times = "for the first time" if looks == 1 else f"for the {looks}. time: each look makes it prove less"
    return f"These {evaluation.rows['n']} test rows were looked at {times}."


def _with_interval(found: Estimate, form: str = ".4f") -> str:
    if found.interval is None:
        return f"{found.value:{form}} (n = {found.n})"
    low, high = found.interval
    return f"{found.value:{form}} (95 % {low:{form}} to {high:{form}}, n = {found.n})"
