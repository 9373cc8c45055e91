"""What one training of the example leaves behind: a version, its report, its run, files that score."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sluice.domain.evaluation_report import to_bytes
from sluice.domain.training import Training
from sluice.scoring.explanation import explain_row
from sluice.scoring.model import LoadedModel, score
from sluice.stores.isolated_files import session_policy
from sluice.workflows.training_stage import StageInput
from tests.stores.deployments import MotoDeployment, moto_deployment
from tests.stores.training.line import credit_rows, go_through, one_stage, start
from tests.stores.workflows.projects import PROJECT, TENANT


@dataclass(frozen=True)
class Trained:
    deployment: MotoDeployment
    training: Training


@pytest.fixture(scope="module")
def trained() -> Iterator[Trained]:
    """The example's training, made once, each state called twice: these tests only look at it."""
    with moto_deployment() as made:
        training = start(made)
        given = StageInput(TENANT, PROJECT, training.training_id, training.attempt)
        ended = go_through(made, training, watch=partial(one_stage, made, given))
        yield Trained(made, ended)


def test_the_example_becomes_a_registered_version(trained: Trained) -> None:
    deployment, training = trained.deployment, trained.training

    assert (training.status, training.outcome, training.reasons) == ("succeeded", "first", ())
    assert training.model_version == 1
    assert set(training.stages) >= {"validate_dataset", "run_project_tests", "train_model", "evaluate_model"}
    assert 0.7 < training.metrics["auc"] < 0.85
    model = deployment.models.get(TENANT, PROJECT, 1)
    assert model.report_digest == training.artefacts["report"].sha256
    assert set(model.artefacts) == {
        *("model", "manifest", "baseline", "parity", "report", "profile", "background", "card")
    }
    manifest = json.loads(deployment.artefacts.read(model.artefacts["manifest"]))
    for beside in ("baseline", "background", "card"):
        assert manifest[f"{beside}_sha256"] == model.artefacts[beside].sha256
    (event,) = deployment.events.of("ModelRegistered")
    assert event.data["outcome"] == "first"


def test_the_report_says_what_the_docs_say(trained: Trained) -> None:
    deployment, training = trained.deployment, trained.training

    report = json.loads(deployment.artefacts.read(training.artefacts["report"]))
    documented = Path("docs/evaluation.md").read_text()
    assert all(f"`{name}`" in documented for name in report)
    assert report["sentences"][0] == report["verdict"]["sentence"]
    assert report["constant"]["beaten"]
    assert report["rows"]["looks"] == 1
    assert report["parity"]["rows"] >= 1_000
    findings = {entry["attribute"]: [one["finding"] for one in entry["measures"]] for entry in report["bias"]}
    assert findings["foreign_worker"] == ["too_few_rows", "too_few_rows"]
    assert deployment.artefacts.read(training.artefacts["report"]) == to_bytes(report)


def test_what_is_registered_scores_and_explains(trained: Trained) -> None:
    deployment = trained.deployment

    model = deployment.models.get(TENANT, PROJECT, 1)
    onnx, manifest = (deployment.artefacts.read(model.artefacts[name]) for name in ("model", "manifest"))
    loaded = LoadedModel.load(onnx, manifest)
    assert loaded.manifest.digest == model.model_digest
    first = credit_rows()[0]
    row = {
        feature.name: first[feature.name] if feature.dtype == "string" else float(first[feature.name])
        for feature in loaded.manifest.features
    }
    scores = score(loaded, {name: np.asarray([value]) for name, value in row.items()})
    explained = explain_row(loaded.manifest, row)
    assert scores.probabilities is not None
    assert explained is not None
    assert explained.output == pytest.approx(_log_odds(scores.probabilities[0, 1]), abs=1e-4)
    assert len(explained.reasons) == 4


def test_mlflow_loads_the_registered_files(trained: Trained, tmp_path: Path) -> None:
    deployment, training = trained.deployment, trained.training

    root = f"{TENANT}/{training.experiment_id}/{training.run_id}/artifacts/model/"
    for name in ("MLmodel", "model.onnx", "requirements.txt"):
        content = b"".join(deployment.artefacts.stream("artifacts", root + name, ""))
        (tmp_path / name).write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow's own, at import
        import mlflow

        loaded = mlflow.pyfunc.load_model(str(tmp_path))
    rows = pd.DataFrame(credit_rows()[:3])
    numbers = [one.name for one in loaded.metadata.signature.inputs if one.type == np.float32]
    from_frame = loaded.predict(rows.astype(dict.fromkeys(numbers, "float64")))
    tensors = {
        one.name: rows[one.name].to_numpy(dtype=np.float32 if one.name in numbers else object).reshape(-1, 1)
        for one in loaded.metadata.signature.inputs
    }
    assert from_frame["probabilities"].shape == (3, 2)
    assert (from_frame["probabilities"] == loaded.predict(tensors)["probabilities"]).all()


def test_states_called_twice_do_their_work_once(trained: Trained) -> None:
    deployment, training = trained.deployment, trained.training

    report = json.loads(deployment.artefacts.read(training.artefacts["report"]))
    assert [item["version"] for item in deployment.models.page(TENANT, PROJECT).items] == [1]
    assert len(deployment.events.of("ModelRegistered")) == 1
    assert report["rows"]["looks"] == 1


def test_the_run_tells_it_in_mlflows_words(trained: Trained) -> None:
    deployment, training = trained.deployment, trained.training

    run = deployment.tracking.get_run(TENANT, training.run_id or "")
    assert run.status == "FINISHED"
    assert run.latest["auc"].value == pytest.approx(training.metrics["auc"])
    assert run.params["train_rows"] == "684"
    assert run.inputs[0].name == "data.csv"
    assert run.tags["sluice.outcome"] == "first"


@pytest.mark.parametrize(("tenant", "folder"), [("default", "credit"), ("acme", "acme.credit")])
def test_a_training_session_reads_neither_other_trainings_nor_its_own_test_side(
    tenant: str, folder: str
) -> None:
    policy = session_policy(partition="aws", bucket="b", tenant=tenant, project="credit", training_id="t-1")

    resources = [one for statement in json.loads(policy)["Statement"] for one in statement["Resource"]]
    own = f"arn:aws:s3:::b/projects/{folder}/derived/trainings/t-1"
    assert set(resources) == {
        f"arn:aws:s3:::b/projects/{folder}/code/*",
        f"{own}/job.json",
        f"{own}/train.npz",
        f"{own}/given/*",
        f"{own}/isolated/*",
    }


def _log_odds(chance: float) -> float:
    return math.log(chance) - math.log1p(-chance)
