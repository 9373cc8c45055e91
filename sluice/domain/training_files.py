"""Where a training keeps its files, in its project's folder of the data bucket: `derived/trainings/{id}/…`.

What the isolated functions write lies below `isolated/`: the rest is closed to them, but for the job,
the training side and, below `given/`, the files of a model that somebody registered.
"""

from __future__ import annotations

from typing import Literal

from sluice.domain.tenants import project_folder

IsolatedStage = Literal["run_project_tests", "train_model"]
ISOLATED_STAGES: tuple[IsolatedStage, ...] = ("run_project_tests", "train_model")

JOB, TRAIN, TEST, SIDES, PROFILE = "job.json", "train.npz", "test.npz", "sides.npz", "profile.json"
BACKGROUND, CARD = "background.npz", "model_card.json"
MANIFEST, BASELINE, SCORES, REPORT = "model.json", "baseline.json", "scores.npz", "report.json"
DRAFT, MODEL, PARITY = "isolated/draft.json", "isolated/model.onnx", "isolated/parity.npz"

GIVEN = "given"


def key_of(tenant: str, project: str, training_id: str, name: str) -> str:
    return f"{project_folder(tenant, project)}/derived/trainings/{training_id}/{name}"


def log_of(stage: IsolatedStage) -> str:
    return f"isolated/{stage}.log"


def result_of(stage: IsolatedStage, attempt: int) -> str:
    """What an isolated state found; another attempt writes another file."""
    return f"isolated/{stage}-{attempt}.json"
