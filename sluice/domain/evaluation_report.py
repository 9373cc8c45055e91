"""The report of an evaluation: numbers for gates, sentences for people. Schema: docs/evaluation.md."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sluice.domain import statistics
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.bias import BiasReport
from sluice.domain.errors import Reason
from sluice.domain.evaluation import Comparison, Constant, Floor, Outcome
from sluice.domain.evaluation_measures import MEASURES, Task
from sluice.domain.evaluation_sentences import sentences_of
from sluice.domain.parity import Parity
from sluice.domain.statistics import Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured. `rows`: {n, sha256, looks, positives}; `model`: see the schema;
    `findings`: sentences of the model card, such as that the model leans on something protected;
    `given`: the registered version that is judged, where the model was not trained here.
    """

    project: str
    training_id: str
    task: Task
    outcome: Outcome
    primary: str
    margin: float
    dataset: ArtefactRef
    model: Mapping[str, Any]
    rows: Mapping[str, Any]
    metrics: Mapping[str, Estimate]
    constant: Constant
    floors: Sequence[Floor]
    comparison: Comparison | None
    parity: Parity
    bias: Sequence[BiasReport]
    reasons: Sequence[Reason]
    findings: Sequence[str] = ()
    given: Mapping[str, Any] | None = None

    @property
    def deciding(self) -> Estimate:
        """The number that decided: the difference to the champion where there is one, else the metric."""
        compared = self.comparison.difference if self.comparison else None
        decided_by_champion = compared is not None and self.outcome != "rejected"
        return compared if compared and decided_by_champion else self.metrics[self.primary]


def report_of(evaluation: Evaluation) -> dict[str, Any]:
    """The document, ready to be written as canonical JSON."""
    return {
        "v": 1,
        "project": evaluation.project,
        "training_id": evaluation.training_id,
        "task": evaluation.task,
        "outcome": evaluation.outcome,
        "verdict": _verdict(evaluation),
        "sentences": list(sentences_of(evaluation)),
        "model": dict(evaluation.model),
        "given": dict(evaluation.given) if evaluation.given else None,
        "dataset": asdict(evaluation.dataset),
        "rows": dict(evaluation.rows),
        "metrics": _metrics(evaluation.metrics, evaluation.primary),
        "constant": _constant(evaluation.constant),
        "floors": [_floor(floor) for floor in evaluation.floors],
        "comparison": _comparison(evaluation),
        "parity": {**asdict(evaluation.parity), "passed": evaluation.parity.passed},
        "bias": [asdict(report) for report in evaluation.bias],
        "reasons": [asdict(reason) for reason in evaluation.reasons],
    }


def to_bytes(report: Mapping[str, Any]) -> bytes:
    """Canonical JSON: sorted keys, no spaces; what is no finite number is null."""
    text = json.dumps(finite(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _verdict(evaluation: Evaluation) -> dict[str, Any]:
    deciding = evaluation.deciding
    is_difference = deciding is not evaluation.metrics[evaluation.primary]
    provable = statistics.Z_POWER * deciding.error if is_difference and deciding.error else None
    return {
        "sentence": sentences_of(evaluation)[0],
        "metric": evaluation.primary,
        "estimate": deciding.value,
        "interval": deciding.interval,
        "n": deciding.n,
        "confidence": statistics.CONFIDENCE,
        "margin": evaluation.margin,
        "smallest_provable": provable,
    }


def _metrics(metrics: Mapping[str, Estimate], primary: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "value": found.value,
            "interval": found.interval,
            "n": found.n,
            "method": found.method,
            "higher_is_better": MEASURES[name].higher_is_better if name in MEASURES else None,
            "primary": name == primary,
        }
        for name, found in metrics.items()
    ]


def _constant(constant: Constant) -> dict[str, Any]:
    return {
        "metric": constant.metric,
        "value": constant.value,
        "improvement": constant.improvement.value,
        "interval": constant.improvement.interval,
        "beaten": constant.beaten,
    }


def _floor(floor: Floor) -> dict[str, Any]:
    higher = MEASURES[floor.metric].higher_is_better
    limits = {"minimum": floor.limit if higher else None, "maximum": None if higher else floor.limit}
    return {"metric": floor.metric, **limits, "value": floor.value, "passed": floor.passed}


def _comparison(evaluation: Evaluation) -> dict[str, Any] | None:
    found = evaluation.comparison
    if found is None:
        return None
    difference = found.difference
    return {
        "champion": {"model_version": found.champion_version, "model_digest": found.champion_digest},
        "comparable": difference is not None,
        "why": found.why,
        "metric": evaluation.primary,
        "difference": difference.value if difference else None,
        "interval": difference.interval if difference else None,
        "n": difference.n if difference else 0,
        "method": difference.method if difference else None,
        "margin": evaluation.margin,
        "left_out": found.left_out,
        "rows_sha256": found.rows_sha256,
        "mcnemar": {
            "only_candidate_right": found.only_candidate_right,
            "only_champion_right": found.only_champion_right,
            "p": found.mcnemar,
        },
        "metrics": _metrics(found.champion_metrics or {}, evaluation.primary),
    }


def finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    """The same document with null for what is no finite number."""
    if isinstance(value, Mapping):
        return {str(name): finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
