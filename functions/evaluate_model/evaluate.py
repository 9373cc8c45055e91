"""Measure, compare, decide, and write the report that an approval is bound to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from functions.evaluate_model.candidate import Candidate, read_candidate
from functions.evaluate_model.champion import compare_with, find_champion
from sluice.domain import evaluation, training_files
from sluice.domain.bias import BiasReport, group_names, measure_bias
from sluice.domain.evaluation_measures import estimate
from sluice.domain.evaluation_report import Evaluation, finite, report_of, to_bytes
from sluice.domain.parity import Parity
from sluice.domain.split import rows_digest
from sluice.domain.statistics import Estimate, calibration_slope
from sluice.domain.training import Training
from sluice.project.schema import ProjectSpec
from sluice.stores.deployment import Deployment
from sluice.stores.looks import LookStore
from sluice.workflows.training_stage import Found, spec_of

_CLIP = 1e-15


def evaluate(deployment: Deployment, tenant: str, training: Training) -> Found:
    """One of the six outcomes, with the report as an artefact."""
    spec = spec_of(deployment, tenant, training)
    candidate = read_candidate(deployment.artefacts, training, spec)
    champion = find_champion(deployment, tenant, spec)
    digest = rows_digest(candidate.hashes)
    looks = LookStore(deployment.platform).look(
        tenant, training.project, rows_sha256=digest, training_id=training.training_id
    )
    comparison = compare_with(champion, candidate, spec) if champion else None
    judged = judge(candidate, comparison, spec, training, {"sha256": digest, "looks": looks})
    report = finite(report_of(judged))
    key = training_files.key_of(tenant, training.project, training.training_id, training_files.REPORT)
    ref = deployment.artefacts.write("data", key, to_bytes(report), content_type="application/json")
    metrics = {name: found.value for name, found in judged.metrics.items() if np.isfinite(found.value)}
    verdict = {**report["verdict"], "outcome": judged.outcome, "sentences": report["sentences"]}
    return Found(
        judged.outcome,
        artefacts={"report": ref},
        metrics=metrics,
        details={"verdict": verdict},
        reasons=judged.reasons,
        changes={"outcome": judged.outcome},
    )


def judge(
    candidate: Candidate,
    comparison: evaluation.Comparison | None,
    spec: ProjectSpec,
    training: Training,
    rows: dict[str, Any],
) -> Evaluation:
    """Everything measured, and the outcome by the rules of docs/evaluation.md."""
    primary, margin = spec.evaluation.primary_metric, spec.evaluation.margin
    metrics = _metrics(candidate, spec)
    floors = evaluation.check_floors(spec.evaluation.floors, metrics)
    constant = evaluation.against_constant(candidate.answers, candidate.training_truth, primary)
    measured = training.details["parity"]
    parity = Parity(measured["rows"], measured["max_difference"], measured["label_differences"])
    reasons = evaluation.refusals(parity, constant, floors)
    outcome = evaluation.decide(refused=bool(reasons), comparison=comparison, margin=margin)
    answers, manifest = candidate.answers, candidate.manifest
    positives = int(answers.is_positive.sum()) if answers.task == "binary" else None
    return Evaluation(
        project=training.project,
        training_id=training.training_id,
        task=answers.task,
        outcome=outcome,
        primary=primary,
        margin=margin,
        dataset=training.dataset,
        model={
            "digest": manifest.digest,
            "onnx_sha256": manifest.onnx.sha256,
            "onnx_bytes": manifest.onnx.size,
            "threshold": manifest.threshold if answers.task == "binary" else None,
            "positive_class": manifest.positive_class,
            "single_row_ms": training.details.get("single_row_ms"),
        },
        rows={"n": answers.rows, "positives": positives, **rows},
        metrics=metrics,
        constant=constant,
        floors=floors,
        comparison=comparison,
        parity=parity,
        bias=_bias(candidate, spec),
        reasons=reasons,
        findings=tuple(training.details.get("findings", ())),
        given=_given(training),
    )


def _given(training: Training) -> dict[str, Any] | None:
    if training.given is None:
        return None
    return {**asdict(training.given), "flavor": training.details.get("flavor"), "test_rows_unseen": None}


def _metrics(candidate: Candidate, spec: ProjectSpec) -> dict[str, Estimate]:
    """The project's metrics, the primary one first; a cost only where the project has costs."""
    wanted = dict.fromkeys(
        [spec.evaluation.primary_metric, *spec.evaluation.floors, *spec.evaluation.metrics]
    )
    if spec.evaluation.cost_matrix is None and "mean_cost" not in spec.evaluation.floors:
        wanted.pop("mean_cost", None)
    found = {name: estimate(name, candidate.answers) for name in wanted}
    if candidate.answers.task == "binary":
        chance = np.clip(candidate.answers.chance, _CLIP, 1 - _CLIP)
        found["calibration_slope"] = calibration_slope(
            candidate.answers.is_positive, np.log(chance) - np.log1p(-chance)
        )
    return found


def _bias(candidate: Candidate, spec: ProjectSpec) -> list[BiasReport]:
    answers, policy = candidate.answers, spec.evaluation.bias
    if answers.task != "binary":
        return []
    return [
        measure_bias(
            column.name,
            group_names(candidate.test[column.name], candidate.train[column.name]),
            positive=answers.is_positive,
            selected=np.equal(np.asarray(answers.labels), answers.positive),
            limits={policy.metric: policy.limit},
            minimum_rows=policy.minimum_group_rows,
        )
        for column in spec.contract.protected
    ]
