"""From scored rows and their labels to a challenger, through the real doors, events and roles."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sluice.local.stack import StackStatus
from tests.local.jobs import V1, Job, code, csv, eventually, new_name, rows

ApiAs = Callable[[str], httpx.Client]
Table = list[list[Any]]

ROWS = 400
SETTINGS = {
    "window_rows": ROWS,
    "minimum_rows": ROWS,
    "minimum_labels": 200,
    "retraining": {"enabled": True, "input_alarms_in_a_row": 1, "minimum_new_labels": 200},
}


@pytest.fixture(scope="module")
def served(stack: StackStatus, api_as: ApiAs, aws: Callable[[str], Any]) -> Job:
    """A project whose first model answers in production."""
    job = Job(new_name(), stack.data_bucket, aws("s3"), api_as("admin"), {"monitoring": SETTINGS})
    job.push()
    job.upload("code", code())
    assert job.train(csv(rows(900)))["outcome"] == "first"
    promotion = job.waiting_promotion()["promotion_id"]
    decision = f"{V1}/projects/{job.name}/promotions/{promotion}/decisions"
    assert api_as("approver").post(decision, json={"decision": "approve"}).status_code == 200
    eventually(lambda: job.list("promotions")[0]["status"] == "completed", "production")
    return job


def live(job: Job, table: Table) -> None:
    """Score the rows by a hundred, send their labels, and wait until all is counted."""
    for start in range(0, len(table), 100):
        batch = table[start : start + 100]
        request_id = score(job, batch)
        items = [
            {"prediction_id": f"{request_id}.{number}", "label": row[4]} for number, row in enumerate(batch)
        ]
        taken = job.api.post(f"{V1}/projects/{job.name}/feedback", json={"items": items}).json()
        assert taken["accepted"] == len(batch)
    eventually(lambda: counted(job) == (len(table), len(table)), "the counts of a window")


def score(job: Job, batch: Table) -> str:
    columns = (("age", "INT64", 1), ("income", "FP64", 2), ("region", "BYTES", 3))
    inputs = [
        {"name": name, "datatype": kind, "shape": [len(batch), 1], "data": [row[place] for row in batch]}
        for name, kind, place in columns
    ]
    answer = job.api.post(f"/v2/models/{job.name}/infer", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-sluice-request-id"])


def counted(job: Job) -> tuple[int, int]:
    """Rows and labels of the open window."""
    answer = job.api.get(f"{V1}/projects/{job.name}/drift", params={"environment": "production"})
    progress = answer.json()["progress"]
    return progress["rows_open"], progress["labels_open"]


def check(job: Job, known: int) -> dict[str, Any]:
    """Ask for a check, and give the report that is new."""
    asked = job.api.post(f"{V1}/projects/{job.name}/drift", json={"environment": "production"})
    assert asked.status_code == 202
    eventually(lambda: len(job.list("drift")) > known, "a drift report")
    newest = job.list("drift")[0]["report_id"]
    whole: dict[str, Any] = job.api.get(f"{V1}/projects/{job.name}/drift/{newest}").json()
    return whole


def test_drift_and_worse_labels_lead_to_a_challenger(served: Job, aws: Callable[[str], Any]) -> None:
    # given a window like the data of the training
    live(served, rows(ROWS, seed=2))
    quiet = check(served, known=0)
    # then nothing is found
    assert (quiet["level"], quiet["quality"]["verdict"], quiet["policy"]["retrain"]) == (
        "ok",
        "inside",
        False,
    )
    # when everybody earns more, and nobody in the south pays back any more
    changed = [
        [name, age, income + 5000, region, 1 if region == "south" else bad]
        for name, age, income, region, bad in rows(ROWS, seed=3)
    ]
    live(served, changed)
    loud = check(served, known=1)
    # then the inputs alarm, the labels say it is worse, and a new model is asked for
    assert (loud["level"], loud["inputs"]["alarms"]) == ("alarm", ["income"])
    assert (loud["quality"]["verdict"], loud["policy"]["retrain"]) == ("worse", True)
    # and one training on the old rows and all labelled ones comes to a verdict about the champion
    challenger = eventually(
        lambda: next((each for each in served.list("trainings") if each["cause"] == "drift"), None),
        "the training of a challenger",
    )
    ended = served.ended(challenger["training_id"])
    assert ended["status"] == "succeeded", ended["reasons"]
    assert ended["outcome"] in {"better", "non_inferior", "inconclusive", "worse"}
    stored = aws("s3").get_object(Bucket=served.bucket, Key=ended["dataset"]["key"])["Body"].read()
    lines = gzip.decompress(stored).decode().splitlines()
    assert len(lines) == 1 + 900 + 2 * ROWS
    assert lines[-1].split(",")[1:] == [str(cell) for cell in changed[-1][1:]]
    assert len([each for each in served.list("trainings") if each["cause"] == "drift"]) == 1
