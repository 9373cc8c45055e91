"""A model made on a laptop and registered by the unmodified MLflow client: judged, promoted, served."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pandas as pd
import pytest

from sluice.local.stack import StackStatus
from tests.local.jobs import COLUMNS, V1, Job, code, csv, eventually, new_name, rows

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("mlflow_settings")]

ApiAs = Callable[[str], httpx.Client]

HOSTILE = """
import os, socket
print("environment", sorted(name for name in os.environ if "AWS" in name or "TOKEN" in name))
for what in ("/proc/%d/environ" % os.getppid(), os.path.expanduser("~/.aws/credentials")):
    try:
        open(what, "rb").read(); print("READ", what)
    except OSError:
        pass
for address in (("127.0.0.1", PORT), ("localhost", PORT), ("169.254.169.254", 80)):
    try:
        socket.create_connection(address, 1); print("CONNECTED", address)
    except OSError:
        pass
"""


@pytest.fixture(scope="module")
def job(api_as: ApiAs, aws: Callable[[str], Any], stack: StackStatus) -> Job:
    """A project that judges what is registered, with an accepted dataset and a first version of its own."""
    training = {"entry": "train:train", "limit_seconds": 300, "registered_models": "evaluate"}
    made = Job(new_name(), stack.data_bucket, aws("s3"), api_as("admin"), {"training": training})
    made.push()
    made.upload("code", code())
    assert made.train(csv(rows()))["model_version"] == 1
    promote(made, api_as("approver"))
    return made


def promote(job: Job, approver: httpx.Client) -> int:
    """Approve what waits; gives the version that serves then."""
    waiting = job.waiting_promotion()
    address = f"{V1}/projects/{job.name}/promotions/{waiting['promotion_id']}/decisions"
    answer = approver.post(address, json={"decision": "approve"})
    assert answer.status_code == 200, answer.text

    def completed() -> bool:
        found = next(one for one in job.list("promotions") if one["promotion_id"] == waiting["promotion_id"])
        return bool(found["status"] == "completed")

    eventually(completed, "the end of a promotion")
    return int(waiting["model_version"])


def laptop_model() -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    data = pd.read_csv(io.BytesIO(csv(rows(seed=3))))
    columns = ColumnTransformer(
        [
            ("n", StandardScaler(), ["age", "income"]),
            ("c", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["region"]),
        ]
    )
    features = list(COLUMNS[1:4])
    data = data.astype({"age": "float64"})
    return make_pipeline(columns, LogisticRegression()).fit(data[features], data["bad"])


def judged(job: Job, version: int) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        return next(
            (one for one in job.list("trainings") if one.get("given", {}).get("version") == version), None
        )

    training: dict[str, Any] = eventually(found, "the training of a registered version")
    return job.ended(training["training_id"], 180)


def test_a_laptops_model_is_judged_against_the_champion_promoted_and_served(job: Job, api_as: ApiAs) -> None:
    import mlflow

    mlflow.set_experiment(job.name)
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(
            laptop_model(), name="model", registered_model_name=job.name, pip_requirements=[]
        )
    training = judged(job, 2)

    # the version's own number is judged, on the rows that test every version, by the same rules
    assert training["reasons"] == []
    assert (training["status"], training["model_version"], training["cause"]) == (
        "succeeded",
        2,
        "registered",
    )
    assert training["outcome"] in {"better", "non_inferior", "inconclusive"}
    version = mlflow.MlflowClient().get_model_version(job.name, "2")
    assert version.run_id == run.info.run_id
    assert version.tags["sluice.evaluation"] == training["outcome"]
    # whoever approves reads that the laptop may have trained on these rows
    promotion = job.waiting_promotion()
    shown = job.api.get(f"{V1}/projects/{job.name}/promotions/{promotion['promotion_id']}").json()
    assert any("trained elsewhere" in sentence for sentence in shown["verdict"]["sentences"])

    assert promote(job, api_as("approver")) == 2
    row = {"age": 44, "income": 3000.0, "region": "north"}
    address = f"/endpoints/{job.name}/production/invocations"

    def answered() -> dict[str, Any] | None:
        answer = api_as("admin").post(address, json={"dataframe_records": [row]})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found if found["model"]["version"] == "2" else None

    assert len(eventually(answered, "an answer of version 2")["predictions"]) == 1


def test_a_hostile_pickle_reads_nothing_and_is_refused(
    job: Job, tmp_path: Path, stack: StackStatus, aws: Callable[[str], Any]
) -> None:
    import mlflow

    port = urlsplit(stack.aws_endpoint_url).port

    class Hostile:
        def __reduce__(self) -> Any:
            return exec, (HOSTILE.replace("PORT", str(port)), {})

    mlflow.set_experiment(job.name)
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            laptop_model(), name="model", serialization_format="cloudpickle", pip_requirements=[]
        )
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(Hostile()))
        mlflow.MlflowClient().log_model_artifact(logged.model_id, str(tmp_path / "model.pkl"))
    version = mlflow.register_model(logged.model_uri, job.name)
    training = judged(job, int(version.version))

    assert training["status"] == "rejected"
    assert training["reasons"][0]["message"] == "train returned something else"
    log = training["artefacts"]["training_log"]
    said = aws("s3").get_object(Bucket=stack.data_bucket, Key=log["key"])["Body"].read().decode()
    assert "environment []" in said
    assert "READ" not in said
    assert "CONNECTED" not in said
    tags = mlflow.MlflowClient().get_model_version(job.name, version.version).tags
    assert (tags["sluice.evaluation"], tags["sluice.status"]) == ("rejected", "rejected")
