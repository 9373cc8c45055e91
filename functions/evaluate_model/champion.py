"""The model that serves in production, asked the same rows: by its own ONNX file, at its own threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from functions.evaluate_model.candidate import Candidate, answers_of
from sluice.domain import evaluation, frames
from sluice.domain.endpoints import Variant
from sluice.domain.errors import NotFound, SluiceError
from sluice.domain.evaluation import Comparison
from sluice.domain.evaluation_measures import MEASURES, Answers, estimate
from sluice.domain.split import Hashes, Sides, rows_digest
from sluice.project.schema import ProjectSpec
from sluice.scoring.manifest import Manifest
from sluice.scoring.model import LoadedModel, score
from sluice.stores.deployment import Deployment

_LEAST_ROWS = 20


@dataclass(frozen=True)
class Champion:
    """`trained_on`: hashes of the rows that this version has trained on."""

    variant: Variant
    model: LoadedModel
    trained_on: Hashes


def find_champion(deployment: Deployment, tenant: str, spec: ProjectSpec) -> Champion | None:
    """The variant that carries the most weight in the last environment; None where nothing serves."""
    production = spec.promotion.environments[-1].name
    endpoint = deployment.endpoints.get(tenant, spec.name, production)
    if endpoint is None:
        return None
    variant = max(endpoint.variants, key=lambda each: each.weight)
    onnx = deployment.artefacts.read(variant.artefacts["model"])
    manifest = deployment.artefacts.read(variant.artefacts["manifest"])
    trained_on = _trained_on(deployment, tenant, spec.name, variant.model_version)
    return Champion(variant, LoadedModel.load(onnx, manifest), trained_on)


def compare_with(champion: Champion, candidate: Candidate, spec: ProjectSpec) -> Comparison:
    """Paired on the rows that neither has trained on; says why where that is impossible."""
    known = Comparison(champion.variant.model_version, champion.variant.model_digest)
    if why := _incomparable(candidate.manifest, champion.model.manifest):
        return replace(known, why=why)
    unseen = ~np.isin(candidate.hashes, champion.trained_on)
    left_out = int((~unseen).sum())
    if int(unseen.sum()) < _LEAST_ROWS or _lacks_class(candidate.answers, unseen):
        return replace(known, why="too few test rows that the champion has not trained on", left_out=left_out)
    try:
        theirs = _answers(champion.model, candidate, spec, unseen)
    except SluiceError as error:
        return replace(known, why=f"the champion cannot answer these rows: {error}")
    mine = _only(candidate.answers, unseen)
    metric = spec.evaluation.primary_metric
    only_candidate, only_champion, p = evaluation.discordant(mine, theirs)
    return replace(
        known,
        difference=evaluation.compare(mine, theirs, metric),
        left_out=left_out,
        rows_sha256=rows_digest(candidate.hashes[unseen]),
        only_candidate_right=only_candidate,
        only_champion_right=only_champion,
        mcnemar=p,
        champion_metrics={
            name: estimate(name, theirs) for name in MEASURES if name in spec.evaluation.metrics
        },
    )


def _answers(model: LoadedModel, candidate: Candidate, spec: ProjectSpec, rows: NDArray[np.bool_]) -> Answers:
    """The champion's answers with its classes in the candidate's order."""
    asked = frames.take(candidate.test, rows)
    scores = score(model, asked)
    if scores.probabilities is None:
        answered = np.asarray(scores.values, dtype=np.float64).reshape(-1, 1)
    else:
        order = [model.manifest.classes.index(name) for name in candidate.manifest.classes]
        answered = scores.probabilities[:, order]
    manifest = replace(candidate.manifest, threshold=model.manifest.threshold)
    return answers_of(manifest, asked[spec.target.name], answered, spec)


def _incomparable(candidate: Manifest, champion: Manifest) -> str | None:
    checks = (
        (candidate.task == champion.task, "the task has changed"),
        (candidate.target == champion.target, "the target has changed"),
        (set(candidate.classes) == set(champion.classes), "the classes have changed"),
        (candidate.positive_class == champion.positive_class, "the positive class has changed"),
    )
    return next((why for holds, why in checks if not holds), None)


def _lacks_class(answers: Answers, rows: NDArray[np.bool_]) -> bool:
    return answers.task != "regression" and len(np.unique(answers.truth[rows])) < 2  # noqa: PLR2004


def _only(answers: Answers, rows: NDArray[np.bool_]) -> Answers:
    return replace(
        answers,
        truth=answers.truth[rows],
        values=None if answers.values is None else answers.values[rows],
        probabilities=None if answers.probabilities is None else answers.probabilities[rows],
        labels=None if answers.labels is None else answers.labels[rows],
    )


def _trained_on(deployment: Deployment, tenant: str, project: str, version: int) -> Hashes:
    """Nothing is known of a version that was not trained here."""
    try:
        model = deployment.models.get(tenant, project, version)
        training = deployment.trainings.get(tenant, project, model.training_id)
        sides = Sides.from_bytes(deployment.artefacts.read(training.artefacts["sides"]))
    except (NotFound, KeyError):
        return np.asarray([], dtype=np.uint64)
    return sides.hashes[sides.train]
