"""A version registered from a laptop: judged under its own number, or refused with the reason."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from functions.resume_workflows.find_versions import find_versions
from functions.start_training.judge_version import judge_version
from sluice.domain.training import Training
from sluice.stores.tracking.versions import NewVersion
from tests.stores.deployments import MotoDeployment
from tests.stores.training.line import as_csv, credit_rows, go_through
from tests.stores.workflows.projects import ANN, PROJECT, TENANT, document, push, put

RUN = "a" * 32
TOLD = {"model_version": 1, "requested_by": ANN}
Save = Callable[[Path], object]


@cache
def laptop_model() -> Any:
    """Fitted as a data scientist would, on all rows: nobody stops them."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    data = pd.DataFrame(credit_rows())
    numeric, texts = features()
    data = data.astype(dict.fromkeys(numeric, "float64"))
    columns = ColumnTransformer(
        [
            ("numeric", StandardScaler(), numeric),
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
        ]
    )
    model = Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=500))])
    return model.fit(data[numeric + texts], data[document()["target"]["name"]])


def features() -> tuple[list[str], list[str]]:
    columns = [one for one in document()["contract"]["columns"] if one["role"] == "feature"]
    return (
        [one["name"] for one in columns if one["dtype"] != "string"],
        [one["name"] for one in columns if one["dtype"] == "string"],
    )


def sklearn_folder(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.sklearn

        mlflow.sklearn.save_model(laptop_model(), str(folder), pip_requirements=[])


@cache
def laptop_onnx() -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    numeric, texts = features()
    inputs = [(name, FloatTensorType([None, 1])) for name in numeric]
    inputs += [(name, StringTensorType([None, 1])) for name in texts]
    graph = convert_sklearn(laptop_model(), "x", inputs, target_opset={"": 21, "ai.onnx.ml": 3})
    return bytes(graph.SerializeToString())


def onnx_folder(folder: Path) -> None:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(laptop_onnx())
    (folder / "MLmodel").write_text("flavors:\n  onnx:\n    data: model.onnx\n")


def hostile_folder(folder: Path, code: str) -> None:
    """A pickle whose opening runs `code`."""

    class Hostile:
        def __reduce__(self) -> Any:
            return exec, (code, {})

    folder.mkdir()
    (folder / "model.pkl").write_bytes(pickle.dumps(Hostile()))
    flavor = "sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n"
    (folder / "MLmodel").write_text(f"flavors:\n  {flavor}")


def register(deployment: MotoDeployment, folder: Path, *, wanted: bool = True, data: bool = True) -> None:
    """What a laptop leaves behind: files under a run, and a version that waits."""
    training: dict[str, Any] = {"entry": "train:train", "limit_seconds": 300}
    push(deployment, training=training | ({"registered_models": "evaluate"} if wanted else {}))
    if data:
        key = f"projects/{PROJECT}/data/data.csv"
        event = put(deployment, key, as_csv(credit_rows()))
        ref = deployment.artefacts.refer("data", key, str(event.version_id))
        deployment.projects.set_dataset(TENANT, PROJECT, ref)
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"{TENANT}/1/{RUN}/artifacts/model/{path.relative_to(folder)}"
            deployment.artefacts.write("artifacts", key, path.read_bytes())
    deployment.tracking.registry.create(TENANT, PROJECT)
    source = f"mlflow-artifacts:/1/{RUN}/artifacts/model"
    deployment.tracking.versions.create(TENANT, PROJECT, NewVersion(source, RUN, user_id=ANN, waits=True))


def judged(deployment: MotoDeployment, folder: Path) -> Training:
    register(deployment, folder)
    assert judge_version(deployment, TENANT, PROJECT, TOLD) == "queued"
    (training,) = deployment.trainings.open(TENANT)
    return go_through(deployment, training)


def tags(deployment: MotoDeployment) -> dict[str, str]:
    return dict(deployment.tracking.versions.get(TENANT, PROJECT, 1).tags)


@pytest.mark.parametrize(
    ("save", "reference"),
    [
        (sklearn_folder, "scikit-learn"),
        (onnx_folder, "ONNX's reference implementation"),
    ],
    ids=["skops", "onnx"],
)
def test_it_is_judged_and_registered_under_its_own_number(
    deployment: MotoDeployment, tmp_path: Path, save: Save, reference: str
) -> None:
    save(tmp_path / "model")
    training = judged(deployment, tmp_path / "model")

    assert training.reasons == ()
    assert (training.status, training.outcome) == ("succeeded", "first")
    assert (training.model_version, training.cause, training.requested_by) == (1, "registered", ANN)
    assert "run_project_tests" not in training.stages
    model = deployment.models.get(TENANT, PROJECT, 1)
    assert model.code_digest == "none"
    (event,) = deployment.events.of("ModelRegistered")
    assert event.data["model_version"] == 1
    assert deployment.tracking.registry.get(TENANT, PROJECT).last_version == 1
    assert tags(deployment)["sluice.evaluation"] == "first"
    assert tags(deployment)["sluice.training_id"] == training.training_id
    report = json.loads(deployment.artefacts.read(training.artefacts["report"]))
    assert "nothing proves that it has not seen these test rows" in report["sentences"][1]
    assert any(reference in sentence for sentence in report["sentences"])
    assert report["given"]["version"] == 1
    assert report["parity"]["passed"]


def test_an_event_that_comes_twice_makes_one_training(deployment: MotoDeployment, tmp_path: Path) -> None:
    hostile_folder(tmp_path / "model", "raise ValueError('no')")
    training = judged(deployment, tmp_path / "model")

    assert judge_version(deployment, TENANT, PROJECT, TOLD) == "queued"

    assert deployment.trainings.open(TENANT) == []
    assert len(deployment.trainings.page(TENANT, PROJECT).items) == 1
    assert tags(deployment)["sluice.evaluation"] == training.status == "rejected"
    assert "ValueError: no" in str(training.reasons)
    assert "cannot be opened" in tags(deployment)["sluice.reasons"]


def test_without_the_projects_word_it_is_only_registered(deployment: MotoDeployment, tmp_path: Path) -> None:
    register(deployment, tmp_path, wanted=False)

    assert judge_version(deployment, TENANT, PROJECT, TOLD) == "not_wanted"

    assert deployment.trainings.page(TENANT, PROJECT).items == []
    assert tags(deployment) == {}
    assert find_versions(deployment, TENANT) == []


def test_it_waits_for_data_and_for_a_lost_event(deployment: MotoDeployment, tmp_path: Path) -> None:
    register(deployment, tmp_path, data=False)

    assert judge_version(deployment, TENANT, PROJECT, TOLD) == "no_dataset"

    assert tags(deployment)["sluice.evaluation"].startswith("waiting")
    assert find_versions(deployment, TENANT) == [f"{PROJECT}/1"]
    (event,) = deployment.events.of("ModelVersionCreated")
    assert event.data == {"model_version": 1, "requested_by": ANN}
    deployment.tracking.versions.delete(TENANT, PROJECT, 1)
    assert judge_version(deployment, TENANT, PROJECT, TOLD) == "gone"
    assert find_versions(deployment, TENANT) == []


HOSTILE = """
import os, socket, sys, glob
print("environment", sorted(name for name in os.environ if "AWS" in name or "TOKEN" in name))
for what in ("/proc/%d/environ" % os.getppid(), "/etc/shadow", os.path.expanduser("~/.aws/credentials")):
    try:
        open(what, "rb").read(); print("READ", what)
    except OSError:
        pass
try:
    socket.create_connection(("169.254.169.254", 80), 1); print("CONNECTED")
except OSError:
    pass
"""


def test_a_hostile_pickle_reads_nothing(deployment: MotoDeployment, tmp_path: Path) -> None:
    hostile_folder(tmp_path / "model", HOSTILE)

    ended = judged(deployment, tmp_path / "model")

    assert ended.status == "rejected"
    assert "fitted scikit-learn estimator" in str(ended.reasons)
    log = deployment.artefacts.read(ended.artefacts["training_log"]).decode()
    assert "environment []" in log
    assert "READ" not in log
    assert "CONNECTED" not in log


@pytest.mark.long
def test_a_pickle_that_never_ends_is_ended(deployment: MotoDeployment, tmp_path: Path) -> None:
    hostile_folder(tmp_path / "model", "import time\nwhile True: time.sleep(1)")
    register(deployment, tmp_path / "model")
    push(
        deployment,
        training={"entry": "train:train", "limit_seconds": 5, "registered_models": "evaluate"},
    )
    assert judge_version(deployment, TENANT, PROJECT, TOLD) == "queued"
    (training,) = deployment.trainings.open(TENANT)
    ended = go_through(deployment, training)

    assert ended.status == "rejected"
    assert "ended after its time limit" in str(ended.reasons)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "MLmodel").unlink(), "no MLmodel file"),
        (lambda folder: (folder / "MLmodel").write_text("a: [b"), "MLmodel cannot be read"),
        (
            lambda folder: (folder / "MLmodel").write_text("flavors: {pytorch: {}}"),
            "a flavour that cannot be",
        ),
        (
            lambda folder: (folder / "MLmodel").write_text("flavors: {onnx: {data: ../../x}}"),
            "must be relative",
        ),
        (lambda folder: (folder / "model.onnx").write_bytes(b"no onnx"), "no valid ONNX file"),
        (lambda folder: (folder / "model.onnx").unlink(), "file is missing"),
    ],
    ids=["no-description", "no-yaml", "other-flavor", "outside", "no-onnx", "no-file"],
)
def test_what_cannot_be_judged_is_refused(
    deployment: MotoDeployment, tmp_path: Path, spoil: Save, message: str
) -> None:
    onnx_folder(tmp_path / "model")
    spoil(tmp_path / "model")

    training = judged(deployment, tmp_path / "model")

    assert training.status == "rejected"
    assert message in str(training.reasons)
    assert message in tags(deployment)["sluice.reasons"]
