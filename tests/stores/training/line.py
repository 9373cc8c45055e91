"""The training workflow without Step Functions: the same states in the same order, over moto."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from functions.conclude_training.conclude import conclude
from functions.evaluate_model.evaluate import evaluate
from functions.register_model.register import register
from functions.run_project_tests.run_tests import run_tests
from functions.score_dataset.score_test_side import score_test_side
from functions.train_model.train import train
from functions.validate_dataset.validate import validate
from sluice.domain.training import Training
from sluice.domain.training_files import IsolatedStage
from sluice.stores.isolated_files import IsolatedFiles
from sluice.workflows.dispatch import dispatch
from sluice.workflows.isolated_stage import IsolatedWork, run_isolated_stage
from sluice.workflows.training_stage import StageInput, Work, run_stage
from tests.stores.deployments import MotoDeployment
from tests.stores.workflows.projects import PROJECT, TENANT, push, upload

CREDIT = Path("examples/credit")
PASSING_TEST = "def test_nothing():\n    assert True\n"

_TABLED: dict[str, Work] = {
    "validate_dataset": validate,
    "score_dataset": score_test_side,
    "evaluate_model": evaluate,
    "register_model": register,
}
_ISOLATED: dict[IsolatedStage, IsolatedWork] = {"run_project_tests": run_tests, "train_model": train}
_GO_ON = {
    "validate_dataset": {"accepted", "model_given"},
    "run_project_tests": {"passed"},
    "train_model": {"trained"},
    "score_dataset": {"scored"},
    "evaluate_model": {"first", "better", "non_inferior", "inconclusive", "worse"},
    "register_model": {"registered"},
}


def credit_rows() -> list[dict[str, str]]:
    with (CREDIT / "german_credit.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_csv(rows: list[dict[str, str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def credit_code() -> bytes:
    """The example's own code and tests."""
    return code_of({str(path.relative_to(CREDIT)): path.read_text() for path in CREDIT.rglob("*.py")})


def code_of(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return buffer.getvalue()


def training_code(body: str) -> bytes:
    """A train.py with this text, and a test that passes."""
    return code_of({"train.py": body, "tests/test_train.py": PASSING_TEST})


def start(
    deployment: MotoDeployment,
    *,
    data: bytes | None = None,
    code: bytes | None = None,
    name: str = "data.csv",
    sequencer: str = "1",
    **spec: Any,
) -> Training:
    """Push, upload code and data; gives the training that runs because of it."""
    push(deployment, **spec)
    upload(deployment, f"projects/{PROJECT}/code/code.zip", code or credit_code(), sequencer=sequencer)
    upload(
        deployment,
        f"projects/{PROJECT}/data/{name}",
        as_csv(credit_rows()) if data is None else data,
        sequencer=sequencer,
    )
    (training,) = [one for one in deployment.trainings.open(TENANT) if one.status == "running"]
    return training


def go_through(
    deployment: MotoDeployment,
    training: Training,
    *,
    watch: Callable[[str], object] | None = None,
    leave_out: str = "",
) -> Training:
    """Every state until one does not lead on, then the conclusion."""
    given = StageInput(TENANT, PROJECT, training.training_id, training.attempt)
    for stage, go_on in _GO_ON.items():
        if stage == leave_out or (training.given and stage == "run_project_tests"):
            continue
        outcome = one_stage(deployment, given, stage)
        if watch:
            watch(stage)
        if outcome not in go_on:
            break
    ended = conclude(deployment, TENANT, PROJECT, training.training_id, None)
    dispatch(deployment, TENANT, PROJECT)
    return ended


def one_stage(deployment: MotoDeployment, given: StageInput, stage: str) -> str:
    if stage in _TABLED:
        return run_stage(deployment, given, stage, _TABLED[stage])["outcome"]
    isolated = next(name for name in _ISOLATED if name == stage)
    files = IsolatedFiles(deployment.artefacts, given.tenant, given.project, given.training_id)
    answer = run_isolated_stage(
        files, given, isolated, _ISOLATED[isolated], seconds_left=120, memory_mb=3008, clock=deployment.clock
    )
    return answer["outcome"]


def train_and_conclude(deployment: MotoDeployment, **how: Any) -> Training:
    return go_through(deployment, start(deployment, **how))
