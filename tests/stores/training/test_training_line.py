"""Trainings that come again: repeated states, a champion to beat, rows that were seen before."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from sluice.domain import frames
from sluice.domain.endpoints import Variant
from sluice.domain.split import HELD_BACK, TEST, TRAIN
from sluice.workflows.training_stage import StageInput
from tests.stores.deployments import MotoDeployment
from tests.stores.training.line import (
    one_stage,
    start,
    train_and_conclude,
    training_code,
)
from tests.stores.workflows.projects import PROJECT, TENANT, document


def test_candidates_meet_the_champion_on_the_same_rows_that_it_has_not_seen(
    deployment: MotoDeployment,
) -> None:
    # given a champion, and a candidate that is worse
    first = train_and_conclude(deployment)
    serve(deployment, 1)

    weak = training_code(_WEAK)
    second = train_and_conclude(deployment, code=weak, sequencer="2", evaluation=_without_floors())

    report = json.loads(deployment.artefacts.read(second.artefacts["report"]))
    assert report["comparison"]["champion"]["model_version"] == 1
    assert report["comparison"]["left_out"] == 0
    assert report["rows"]["looks"] == 2
    assert report["comparison"]["difference"] < 0
    assert second.outcome == "worse"
    assert second.model_version == 2
    assert (
        report["rows"]["sha256"]
        == json.loads(deployment.artefacts.read(first.artefacts["report"]))["rows"]["sha256"]
    )

    # and one that is tested on other rows, of which the champion trained on some
    by_row = {**_without_floors(), "split": {"by": "row", "cutoff_row": 600}}
    third = train_and_conclude(deployment, sequencer="3", evaluation=by_row)

    comparison = json.loads(deployment.artefacts.read(third.artefacts["report"]))["comparison"]
    assert comparison["left_out"] > 200
    assert comparison["n"] + comparison["left_out"] == 400


def test_sides_that_came_with_an_assembled_dataset_are_kept(deployment: MotoDeployment) -> None:
    of_row = np.repeat([TRAIN, HELD_BACK, TEST], [500, 300, 200]).astype(np.float64)
    content = frames.to_bytes({"side": of_row})
    ref = deployment.artefacts.write("data", "projects/credit/derived/datasets/d/sides.npz", content)
    training = start(deployment)
    training = deployment.trainings.change(TENANT, training, split_override={"sides": asdict(ref)})
    given = StageInput(TENANT, PROJECT, training.training_id, training.attempt)

    outcome = one_stage(deployment, given, "validate_dataset")

    validated = deployment.trainings.get(TENANT, PROJECT, training.training_id)
    profile = json.loads(deployment.artefacts.read(validated.artefacts["profile"]))
    assert outcome == "accepted"
    assert profile["sides"] == {"train": 500, "test": 200}


def serve(deployment: MotoDeployment, version: int) -> None:
    """Make a version the champion."""
    model = deployment.models.get(TENANT, PROJECT, version)
    deployment.endpoints.put_revision(
        TENANT,
        PROJECT,
        "production",
        variants=[Variant("champion", version, model.model_digest, 1, model.artefacts)],
        promotion_id="p",
        change_id="c",
        expected_revision=0,
    )


def _without_floors() -> dict[str, object]:
    return {**document()["evaluation"], "floors": {}}


_WEAK = """
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

def train(data, context):
    only = ColumnTransformer([("one", OneHotEncoder(handle_unknown="ignore"), ["savings"])])
    return Pipeline([("only", only), ("fit", LogisticRegression())]).fit(
        data[context.features], data[context.target])
"""
