"""Regression and several classes, by pipelines that project.yaml declares: no code, the same line."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from sluice.domain.baseline import Baseline
from sluice.domain.frames import Frame
from sluice.domain.training import NO_CODE
from sluice.project.schema import canonical
from sluice.scoring.manifest import Manifest
from tests.stores.deployments import MotoDeployment
from tests.stores.training.line import as_csv, go_through
from tests.stores.workflows.projects import PROJECT, TENANT, push, upload
from tests.unit.training.models import project, rows

MODELS = {"regression": "Ridge", "multiclass": "LogisticRegression"}
METRICS = {"regression": {"rmse", "mae"}, "multiclass": {"log_loss", "accuracy"}}


@pytest.mark.parametrize("task", MODELS)
def test_a_declared_pipeline_goes_the_whole_way(deployment: MotoDeployment, task: str) -> None:
    push(deployment, **document(task))
    received = upload(deployment, f"projects/{PROJECT}/data/data.csv", as_csv(texts(rows(task))))
    training = deployment.trainings.get(TENANT, PROJECT, received.training_id or "")

    ended = go_through(deployment, training)

    assert (ended.status, ended.outcome, ended.reasons) == ("succeeded", "first", ())
    assert ended.code_digest == NO_CODE
    assert set(ended.metrics) == METRICS[task]
    model = deployment.models.get(TENANT, PROJECT, 1)
    manifest = Manifest.parse(deployment.artefacts.read(model.artefacts["manifest"]))
    assert (manifest.explanation is not None) == (task == "regression")
    report = json.loads(deployment.artefacts.read(model.artefacts["report"]))
    assert report["bias"] == []
    assert report["model"]["threshold"] is None
    baseline = Baseline.from_json(deployment.artefacts.read(model.artefacts["baseline"]))
    assert baseline.reference.labels == report["rows"]["n"]


def document(task: str) -> dict[str, Any]:
    pipeline = {
        "numeric": [{"use": "SimpleImputer"}, {"use": "StandardScaler"}],
        "categorical": [{"use": "OneHotEncoder"}],
        "model": {"use": MODELS[task]},
    }
    spec = project(task, training={"pipeline": pipeline})
    found: dict[str, Any] = json.loads(canonical(spec))
    return found | {"name": PROJECT}


def texts(frame: Frame) -> list[dict[str, str]]:
    """Rows as a file has them: whole numbers without a point, missing ones empty."""
    integers = {"months", "known"}

    def text(name: str, value: float | str) -> str:
        if isinstance(value, str):
            return value
        if math.isnan(value):
            return ""
        return str(int(value)) if name in integers else repr(value)

    columns = {name: [text(name, value) for value in column.tolist()] for name, column in frame.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
