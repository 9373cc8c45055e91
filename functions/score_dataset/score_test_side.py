"""Parity first, then the test side's scores, what is kept beside the model, and the final manifest."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.score_dataset.model_card import model_card
from sluice.domain import frames, training_files
from sluice.domain.artefacts import ArtefactRef, sha256_of
from sluice.domain.baseline import build_baseline
from sluice.domain.evaluation_report import finite, to_bytes
from sluice.domain.frames import Frame
from sluice.domain.parity import Parity, ParitySet, compare
from sluice.domain.split import Sides
from sluice.domain.training import Training
from sluice.project.schema import ProjectSpec
from sluice.scoring.background import background_columns, choose_background
from sluice.scoring.model import LoadedModel, Scores, score
from sluice.stores.deployment import Deployment
from sluice.workflows.training_stage import Found, spec_of

_TIMED_ROWS = 30


def score_test_side(deployment: Deployment, tenant: str, training: Training) -> Found:
    """Scored with scores, baseline and manifest as artefacts; rejected with the numbers when parity fails."""

    def read(name: str) -> bytes:
        return deployment.artefacts.read(training.artefacts[name])

    onnx, draft = read("model"), read("manifest_draft")
    model = LoadedModel.load(onnx, draft)
    parity = check_parity(model, ParitySet.from_bytes(read("parity")))
    measured = finite({**asdict(parity), "passed": parity.passed})
    if not parity.passed:
        return Found("rejected", details={"parity": measured}, reasons=[parity.reason()])
    test, train = frames.from_bytes(read("test")), frames.from_bytes(read("train"))
    answers = answers_of(score(model, test))
    spec = spec_of(deployment, tenant, training)
    baseline = _baseline(spec, model, (train, test), Sides.from_bytes(read("sides")), answers)
    background = choose_background(model.manifest, train)
    card = model_card(model, background_columns(model.manifest, background), test)
    beside = {"baseline": baseline, "background": background, "card": to_bytes(card)}
    contents = {
        "scores": (training_files.SCORES, frames.to_bytes(_columns(answers))),
        "baseline": (training_files.BASELINE, baseline),
        "background": (training_files.BACKGROUND, background),
        "card": (training_files.CARD, beside["card"]),
        "manifest": (training_files.MANIFEST, _completed(draft, beside)),
    }
    artefacts = {name: _write(deployment, tenant, training, *content) for name, content in contents.items()}
    findings = [found["sentence"] for found in card["findings"]]
    details = {"parity": measured, "single_row_ms": _single_row_ms(model, test), "findings": findings}
    return Found("scored", artefacts=artefacts, details=details)


def check_parity(model: LoadedModel, reference: ParitySet) -> Parity:
    """The served code's answers against scikit-learn's."""
    manifest = model.manifest
    return compare(
        reference.expected,
        answers_of(score(model, reference.frame)),
        task=manifest.task,
        positive=manifest.positive_index if manifest.task == "binary" else 1,
        threshold=manifest.threshold,
    )


def answers_of(scores: Scores) -> NDArray[np.float64]:
    """[n, classes] probabilities, or [n, 1] values."""
    if scores.probabilities is not None:
        return scores.probabilities
    return np.asarray(scores.values, dtype=np.float64).reshape(-1, 1)


def _baseline(
    spec: ProjectSpec,
    model: LoadedModel,
    data: tuple[Frame, Frame],
    sides: Sides,
    answers: NDArray[np.float64],
) -> bytes:
    """What monitoring will compare with: inputs of the file, outputs and quality of its test side."""
    manifest, (train, test) = model.manifest, data
    truth = test[spec.target.name]
    if manifest.task == "binary":
        outputs = answers[:, manifest.positive_index]
        labels = np.equal(truth, manifest.positive_class or "").astype(np.float64)
    elif manifest.task == "multiclass":
        number = {name: float(place) for place, name in enumerate(manifest.classes)}
        outputs, labels = answers, np.asarray([number[name] for name in truth.tolist()])
    else:
        outputs, labels = answers[:, 0], truth.astype(np.float64)
    return build_baseline(
        task=manifest.task,
        features=[(feature.name, feature.dtype) for feature in manifest.features],
        train=train,
        test=test,
        sides=sides.of_row,
        outputs=outputs,
        labels=labels,
        threshold=manifest.threshold if manifest.task == "binary" else None,
        classes=manifest.classes,
        positive_class=manifest.positive_class,
        reference_fraction=spec.monitoring.reference_fraction,
    ).to_json()


def _completed(draft: bytes, beside: Mapping[str, bytes]) -> bytes:
    digests = {f"{name}_sha256": sha256_of(content) for name, content in beside.items()}
    document: dict[str, Any] = {**json.loads(draft), **digests}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _columns(answers: NDArray[np.float64]) -> Frame:
    """Scores as a frame: one column a class, in the manifest's order, or one of values."""
    return {f"answer{place}": column for place, column in enumerate(answers.T)}


def _write(deployment: Deployment, tenant: str, training: Training, name: str, content: bytes) -> ArtefactRef:
    key = training_files.key_of(tenant, training.project, training.training_id, name)
    return deployment.artefacts.write("data", key, content)


def _single_row_ms(model: LoadedModel, test: Mapping[str, Any]) -> float:
    """Median of a few single answers: for people, who want to know what to expect."""
    took = []
    for place in range(min(_TIMED_ROWS, frames.row_count(test))):
        row = frames.take(test, slice(place, place + 1))
        began = time.perf_counter()
        score(model, row)
        took.append((time.perf_counter() - began) * 1000)
    return round(median(took), 3)
