"""Uploads that are not what the contract says: each ends in a recorded rejection that names what to mend."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd
import pytest

from functions.validate_dataset.read_upload import download
from sluice.domain.errors import TooLarge
from sluice.domain.training import Training
from sluice.workflows.training_stage import StageInput
from tests.stores.deployments import MotoDeployment
from tests.stores.training.line import as_csv, credit_rows, one_stage, start
from tests.stores.workflows.projects import PROJECT, TENANT, document


def validated(deployment: MotoDeployment, data: bytes, name: str = "data.csv", **spec: Any) -> Training:
    training = start(deployment, data=data, name=name, **spec)
    one_stage(
        deployment, StageInput(TENANT, PROJECT, training.training_id, training.attempt), "validate_dataset"
    )
    return deployment.trainings.get(TENANT, PROJECT, training.training_id)


def rows_with(place: int = 0, **values: str) -> list[dict[str, str]]:
    rows = credit_rows()
    rows[place] |= values
    return rows


HEADER = as_csv(credit_rows()[:1]).splitlines()[0]

UNREADABLE = {
    "empty": (b"", "data.csv", "the file is empty"),
    "header only": (HEADER + b"\n", "data.csv", "the file has a header and no rows"),
    "wrong encoding": (
        as_csv(credit_rows()).replace(b"skilled", "gelérnt".encode("latin-1")),
        "data.csv",
        "not UTF-8",
    ),
    "a zip archive": (b"PK\x03\x04rest", "data.csv", "this is a zip archive"),
    "zeros": (b"a,b\n\x00\x00,1\n", "data.csv", "this is no text file"),
    "no Parquet": (b"a,b\n1,2\n", "data.parquet", "this is no Parquet file"),
    "a broken Parquet": (b"PAR1 and nothing", "data.parquet", "no Parquet file"),
    "a broken gzip": (b"a,b\n1,2\n", "data.csv.gz", "it is not gzipped, or damaged"),
    "semicolons": (HEADER.replace(b",", b";") + b"\n1\n", "data.csv", "';'"),
    "a ragged row": (as_csv(credit_rows()) + b"one,two\n", "data.csv", "2 cells"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_table_is_told_what_it_is(deployment: MotoDeployment, case: str) -> None:
    content, name, said = UNREADABLE[case]

    training = validated(deployment, content, name)

    assert training.outcome == "rejected"
    assert said in training.reasons[0].message
    assert training.stages["validate_dataset"].outcome == "rejected"


def test_columns_must_be_those_of_the_contract(deployment: MotoDeployment) -> None:
    rows = [
        {("ages" if name == "age" else name): value for name, value in row.items()} for row in credit_rows()
    ]

    training = validated(deployment, as_csv(rows))

    assert [(reason.path, reason.message) for reason in training.reasons] == [
        ("age", "this column is missing"),
        ("ages", "this column is not in the contract"),
    ]


def test_every_broken_rule_is_a_reason_with_rows_and_examples(deployment: MotoDeployment) -> None:
    rows = rows_with(3, age="240", job="wizard", credit_amount="much", applicant_id="G0001", housing="")

    training = validated(deployment, as_csv(rows))

    told = {reason.path: (reason.message, reason.value, reason.expected) for reason in training.reasons}
    assert told["age"] == ("1 row is above the maximum (row 4)", "'240' × 1", "at most 100")
    assert told["job"][1] == "'wizard' × 1"
    assert told["credit_amount"][0] == "1 row is not integer (row 4)"
    assert told["applicant_id"][0] == "2 rows are repeated (rows 1, 4)"
    assert told["housing"][0] == "1 row is missing (row 4)"


def test_a_file_over_the_limit_is_refused_before_it_is_read(
    deployment: MotoDeployment, tmp_path: Path
) -> None:
    ref = deployment.artefacts.write("data", "projects/credit/data/data.csv", b"x" * 1_000_001)

    with pytest.raises(TooLarge) as refused:
        download(deployment.artefacts, ref, tmp_path, 1)

    assert refused.value.reasons[0].value == "1000001 bytes"
    assert not list(tmp_path.iterdir())


def test_a_small_archive_of_a_large_file_is_refused_too(deployment: MotoDeployment) -> None:
    contract = {**document()["contract"], "size_limit_mb": 1}

    training = validated(deployment, gzip.compress(b"x" * 50_000_000), "data.csv.gz", contract=contract)

    assert "size limit" in training.reasons[0].message


def test_a_target_of_one_class_cannot_train(deployment: MotoDeployment) -> None:
    rows = [row for row in credit_rows() if row["default"] == "0"]

    training = validated(deployment, as_csv(rows))

    assert training.reasons[0].path == "default"
    assert training.reasons[0].message == "a binary target has two classes"


def test_a_split_with_an_empty_side_is_refused(deployment: MotoDeployment) -> None:
    evaluation = {**document()["evaluation"], "split": {"by": "row", "cutoff_row": 5000}}

    training = validated(deployment, as_csv(credit_rows()), evaluation=evaluation)

    assert training.reasons[0].message == "the test side is empty"


def test_the_same_rows_are_the_same_data_in_every_form(deployment: MotoDeployment, tmp_path: Path) -> None:
    rows = credit_rows()
    numbers = ["age", "credit_amount", "default"]
    texts = [name for name in rows[0] if name not in numbers]
    frame = pd.DataFrame(rows).astype(dict.fromkeys(numbers, "int64") | dict.fromkeys(texts, object))
    fastparquet.write(tmp_path / "data.parquet", frame)
    forms = {
        "data.csv": as_csv(rows),
        "data.csv.gz": gzip.compress(as_csv(rows)),
        "data.parquet": (tmp_path / "data.parquet").read_bytes(),
    }

    digests = set()
    for name, content in forms.items():
        training = validated(deployment, content, name)
        digests.add(training.artefacts["train"].sha256)
        deployment.trainings.release(TENANT, deployment.trainings.conclude(TENANT, training, status="failed"))

    assert len(digests) == 1
