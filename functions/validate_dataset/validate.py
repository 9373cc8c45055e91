"""The work: read, check, split, describe, and leave what the next states need."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.validate_dataset.read_upload import Texts, download, read_columns
from functions.validate_dataset.sides import split
from functions.validate_dataset.take_model import take_model
from sluice.domain import frames, training_files
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.contract import bounded, check_classes, check_header, check_table, class_labels
from sluice.domain.errors import Invalid
from sluice.domain.frames import Frame
from sluice.domain.profile import profile_of
from sluice.domain.split import Sides
from sluice.domain.training import Training
from sluice.project.schema import ProjectSpec
from sluice.project.training_job import TrainingJob
from sluice.stores.deployment import Deployment
from sluice.workflows.training_stage import Found, spec_of


def validate(deployment: Deployment, tenant: str, training: Training) -> Found:
    """Accepted with the sides as artefacts, or model_given for a model that was not trained here. Invalid
    with reasons when the contract is broken, or there is no model to take.
    """
    spec = spec_of(deployment, tenant, training)
    with tempfile.TemporaryDirectory() as folder:
        path = download(deployment.artefacts, training.dataset, Path(folder), spec.contract.size_limit_mb)
        frame = checked_frame(*read_columns(path), spec)
    sides = split(frame, spec, _given_sides(deployment, training))
    profile = profile_of(frame, spec.contract.columns, sides)
    profile |= {"dataset": asdict(training.dataset), "rows_sha256": sides.test_rows_sha256}
    artefacts = _write(deployment, tenant, training, frame, sides, profile)
    given = take_model(deployment, tenant, training, training.given) if training.given else None
    job = TrainingJob(training.training_id, spec, training.code, artefacts["train"], given)
    deployment.artefacts.write("data", _key(tenant, training, training_files.JOB), job.to_bytes())
    if training.split_override is None and not given:  # without its sides an assembled dataset must not train
        deployment.projects.set_dataset(tenant, training.project, training.dataset)
    details = {
        "rows": profile["rows"],
        "test_rows": profile["sides"]["test"],
        "rows_sha256": sides.test_rows_sha256,
    }
    if given:
        details["flavor"] = given.flavor
    return Found("model_given" if given else "accepted", artefacts=artefacts, details=details)


def checked_frame(header: list[str], texts: Texts, spec: ProjectSpec) -> Frame:
    """The canonical frame; the target of a classification as class names. Invalid lists every problem."""
    contract, target = spec.contract, spec.target
    misfits = check_header(header, contract.columns)
    checked = check_table(
        texts,
        contract.columns,
        minimum_rows=contract.minimum_rows,
        missing_values=contract.missing_values,
    )
    if misfits or checked.reasons:
        raise Invalid("the data do not keep the contract", bounded([*misfits, *checked.reasons]))
    if spec.evaluation.task == "regression":
        return checked.frame
    labels = class_labels(checked.frame[target.name])
    if reasons := check_classes(target.name, labels, task=spec.evaluation.task, positive=target.positive):
        raise Invalid("the target does not fit the task", reasons)
    return {**checked.frame, target.name: labels}


def _given_sides(deployment: Deployment, training: Training) -> NDArray[np.float64] | None:
    """What assemble_dataset laid down for a dataset that it made: older test rows never train."""
    if training.split_override is None:
        return None
    ref = ArtefactRef(**training.split_override["sides"])
    return frames.from_bytes(deployment.artefacts.read(ref))["side"].astype(np.float64)


def _write(
    deployment: Deployment,
    tenant: str,
    training: Training,
    frame: Frame,
    sides: Sides,
    profile: Mapping[str, Any],
) -> dict[str, ArtefactRef]:
    contents = {
        "train": (training_files.TRAIN, frames.to_bytes(frames.take(frame, sides.train))),
        "test": (training_files.TEST, frames.to_bytes(frames.take(frame, sides.test))),
        "sides": (training_files.SIDES, sides.to_bytes()),
        "profile": (training_files.PROFILE, json.dumps(profile, sort_keys=True).encode()),
    }
    return {
        name: deployment.artefacts.write("data", _key(tenant, training, file), content)
        for name, (file, content) in contents.items()
    }


def _key(tenant: str, training: Training, name: str) -> str:
    return training_files.key_of(tenant, training.project, training.training_id, name)
