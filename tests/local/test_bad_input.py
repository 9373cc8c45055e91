"""Bad input through the real doors: each ends in a recorded outcome, and the next upload is taken."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from sluice.local.stack import StackStatus
from tests.local.conftest import ApiAs
from tests.local.jobs import GOOD_CODE, V1, Job, archive, code, csv, eventually, new_name, paths, rows

MakeJob = Callable[..., Job]


@pytest.fixture
def make_job(stack: StackStatus, aws: Callable[[str], Any], api_as: ApiAs) -> MakeJob:
    def make(*, pushed: bool = True, with_code: bool = True, **changes: Any) -> Job:
        job = Job(new_name(), stack.data_bucket, aws("s3"), api_as("admin"), changes)
        if pushed:
            job.push()
        if pushed and with_code:
            assert job.upload("code", code())["status"] == "accepted"
        return job

    return make


def some_always(cases: dict[str, Any], *always: str) -> list[Any]:
    """`tests/stores` has all of these too: through the doors the others come with `make long`."""
    return [pytest.param(case, marks=() if case in always else pytest.mark.long) for case in cases]


BAD_DATA: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "file"),
    "header only": (csv([]), "rows"),
    "not a table": (b"\x00\x01\x02\x03" * 50, "file"),
    "wrong encoding": (csv(rows()).replace(b"north", "nörth".encode("latin-1")), "file"),
    "a missing column": (
        csv([row[:3] + row[4:] for row in rows()], ("id", "age", "income", "bad")),
        "region",
    ),
    "an impossible age": (csv([[*rows()[0][:1], 200, *rows()[0][2:]], *rows()[1:]]), "age"),
    "an unknown category": (csv([[*row[:3], "east", row[4]] for row in rows()]), "region"),
    "duplicate ids": (csv([*rows(), rows()[0]]), "id"),
    "too few rows": (csv(rows(50)), "rows"),
}


@pytest.mark.parametrize("bad", some_always(BAD_DATA, "empty file", "not a table", "duplicate ids"))
def test_bad_data_is_rejected_with_its_reason(make_job: MakeJob, bad: str) -> None:
    job = make_job()
    content, where = BAD_DATA[bad]

    training = job.train(content)

    assert (training["status"], training["stage"]) == ("rejected", "validate_dataset")
    assert any(where in path for path in paths(training)), training["reasons"]


def test_a_parquet_name_over_text_is_rejected(make_job: MakeJob) -> None:
    training = make_job().train(csv(rows()), file="data.parquet")

    assert (training["status"], training["stage"]) == ("rejected", "validate_dataset")


def test_a_good_file_trains_after_a_bad_one_and_then_is_a_duplicate(make_job: MakeJob) -> None:
    job = make_job()
    assert job.train(csv([]))["status"] == "rejected"

    good = job.train(csv(rows()))
    again = job.upload("data", csv(rows()))

    assert (good["status"], good["outcome"]) == ("succeeded", "first"), good
    assert (again["status"], again["duplicate_of"]) == ("duplicate", good["training_id"])


@pytest.mark.long
def test_a_compressed_file_is_the_same_table(make_job: MakeJob) -> None:
    training = make_job().train(gzip.compress(csv(rows())), file="data.csv.gz")

    assert training["status"] == "succeeded", training["reasons"]


def test_an_unknown_project_is_recorded(make_job: MakeJob, api_as: ApiAs) -> None:
    job = make_job(pushed=False)
    job.put("data", csv(rows()))

    def recorded() -> Any:
        answer = api_as("admin").get(f"{V1}/projects/{job.name}/uploads")
        return answer.json().get("items") if answer.status_code == 200 else None

    (upload,) = eventually(recorded, "the record of an upload to nobody")
    assert (upload["status"], paths(upload)) == ("rejected", ["key"])


def test_a_file_over_the_limit_is_refused_unread(make_job: MakeJob) -> None:
    upload = make_job().upload("data", b"x" * 1_000_001)

    assert (upload["status"], paths(upload), upload.get("ref")) == ("rejected", ["file"], None)


@pytest.mark.long
def test_data_before_code_waits_for_it(make_job: MakeJob) -> None:
    job = make_job(with_code=False)
    waiting = job.upload("data", csv(rows()))
    assert (waiting["status"], waiting["waiting_for"]) == ("waiting", "code")

    training_id = job.upload("code", code())["training_id"]

    assert job.ended(training_id)["status"] == "succeeded"


@pytest.mark.long
def test_two_uploads_within_a_second_are_both_trained_in_order(make_job: MakeJob) -> None:
    job = make_job()
    for seed in (1, 2):
        job.put("data", csv(rows(seed=seed)))

    def both() -> Any:
        done = [t for t in job.list("trainings") if t["status"] == "succeeded"]
        return done if len(done) == 2 else None

    later, earlier = sorted(eventually(both, "two trainings", 120), key=lambda t: t["ended_at"], reverse=True)
    assert int(earlier["sequencer"], 16) < int(later["sequencer"], 16)
    assert [earlier["model_version"], later["model_version"]] == [1, 2]


SPYING = """
import os

def train(data, context):
    assert not [name for name in os.environ if "AWS" in name or "TABLE" in name]
    open(f"/proc/{os.getppid()}/environ").read()
"""

BAD_CODE: dict[str, tuple[str, str]] = {
    "raises": ("def train(data, context):\n    raise ValueError('no such luck')\n", "no such luck"),
    "never ends": ("def train(data, context):\n    while True:\n        pass\n", "limit"),
    "returns the wrong type": ("def train(data, context):\n    return 42\n", "int"),
    "is not there": ("def fit(data, context):\n    return None\n", "train"),
    "reads what is not its own": (SPYING, "Permission denied"),
}


@pytest.mark.parametrize("bad", some_always(BAD_CODE, "reads what is not its own"))
def test_bad_training_code_ends_with_a_reason(make_job: MakeJob, bad: str) -> None:
    train, told = BAD_CODE[bad]
    test = "def test_nothing():\n    pass\n"
    limit = 12 if bad == "never ends" else 60  # starting the child alone may take seconds
    training_changes = {"training": {"entry": "train:train", "limit_seconds": limit}}
    job = make_job(with_code=False, **training_changes)
    job.upload("code", code(train, test))

    training = job.train(csv(rows()))

    assert (training["status"], training["stage"]) == ("rejected", "train_model"), training
    assert told in str(training["reasons"])


def test_code_whose_own_tests_fail_is_not_trained_with(make_job: MakeJob) -> None:
    job = make_job(with_code=False)
    job.upload("code", code(test="def test_arithmetic():\n    assert 1 + 1 == 3\n"))

    training = job.train(csv(rows()))

    assert (training["status"], training["stage"]) == ("rejected", "run_project_tests")
    assert "test_arithmetic" in str(training["reasons"])


def test_code_without_tests_is_not_trained_with(make_job: MakeJob) -> None:
    job = make_job(with_code=False)
    job.upload("code", archive({"train.py": GOOD_CODE}))

    assert job.train(csv(rows()))["stage"] == "run_project_tests"


SCALED_FOREST = """
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def train(data, context):
    prepare = ColumnTransformer([("n", StandardScaler(), list(context.numeric))])
    forest = RandomForestClassifier(n_estimators=200, random_state=1)
    return make_pipeline(prepare, forest).fit(data[context.features], data[context.target])
"""


@pytest.mark.long
def test_a_model_that_converts_silently_wrong_is_caught(make_job: MakeJob) -> None:
    """A scaler before a forest: ONNX answers differently without a word."""
    job = make_job(with_code=False)
    job.upload("code", code(SCALED_FOREST))

    training = job.train(csv(rows()))

    assert (training["status"], training["stage"]) == ("rejected", "score_dataset"), training
    assert "does not answer as its model does" in str(training["reasons"])


def test_a_typo_in_project_yaml_says_where(make_job: MakeJob, api_as: ApiAs) -> None:
    job = make_job(pushed=False)
    answer = api_as("contributor").post(
        f"{V1}/projects", json={"spec": {"name": job.name, "purpos": "?", "owners": ["ann"]}}
    )

    assert answer.status_code == 422
    assert any("purpos" in error["path"] for error in answer.json()["errors"]), answer.json()
