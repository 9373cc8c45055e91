"""What is judged: the candidate's answers on the test side, as score_dataset left them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sluice.domain import frames
from sluice.domain.evaluation_measures import Answers
from sluice.domain.frames import Column, Frame
from sluice.domain.split import Hashes, Sides
from sluice.domain.training import Training
from sluice.project.schema import ProjectSpec
from sluice.scoring.manifest import Manifest
from sluice.stores.artefacts import ArtefactStore


@dataclass(frozen=True)
class Candidate:
    """`answers` are of the rows of `test`, which `hashes` identify; `training_truth` of those of `train`."""

    manifest: Manifest
    train: Frame
    test: Frame
    hashes: Hashes
    answers: Answers
    training_truth: NDArray[np.float64]


def read_candidate(store: ArtefactStore, training: Training, spec: ProjectSpec) -> Candidate:
    def read(name: str) -> bytes:
        return store.read(training.artefacts[name])

    manifest = Manifest.parse(read("manifest"))
    train, test = frames.from_bytes(read("train")), frames.from_bytes(read("test"))
    sides = Sides.from_bytes(read("sides"))
    scores = frames.from_bytes(read("scores"))
    answered = np.stack([column.astype(np.float64) for column in scores.values()], axis=1)
    return Candidate(
        manifest=manifest,
        train=train,
        test=test,
        hashes=sides.hashes[sides.test],
        answers=answers_of(manifest, test[spec.target.name], answered, spec),
        training_truth=truth_of(manifest, train[spec.target.name]),
    )


def answers_of(
    manifest: Manifest, target: Column, answered: NDArray[np.float64], spec: ProjectSpec
) -> Answers:
    """A model's answers [n, classes] or [n, 1] beside the truth, in the model's own order of classes."""
    truth = truth_of(manifest, target)
    if manifest.task == "regression":
        return Answers("regression", truth, values=answered[:, 0])
    costs = spec.evaluation.cost_matrix
    positive = manifest.positive_index if manifest.task == "binary" else 0
    labels = answered.argmax(axis=1)
    if manifest.task == "binary":
        labels = np.where(answered[:, positive] >= manifest.threshold, positive, 1 - positive)
    return Answers(
        manifest.task,
        truth,
        probabilities=answered,
        labels=labels.astype(np.intp),
        positive=positive,
        costs=(costs.false_positive, costs.false_negative) if costs else None,
    )


def truth_of(manifest: Manifest, target: Column) -> NDArray[np.float64]:
    """Class numbers in the model's order, or values."""
    if manifest.task == "regression":
        return target.astype(np.float64)
    number = {name: float(place) for place, name in enumerate(manifest.classes)}
    return np.asarray([number[str(name)] for name in target.tolist()], dtype=np.float64)
