"""The main job as a person does it: from a file nobody has seen to a model that answers, and back."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluice.local.stack import StackStatus
from tests.local.command import Command
from tests.local.jobs import eventually, new_name
from tests.local.shop_data import shop_file


@pytest.fixture
def sluice(stack: StackStatus, tmp_path: Path) -> Command:
    return Command(stack.profile, tmp_path)


def begin(sluice: Command, target: str) -> tuple[str, Path]:
    """A project of a new name, from `init` to `push`; gives its name and its data file."""
    name, data = new_name(), shop_file(sluice.folder)
    sluice.done("project", "init", name, "--data", data, "--target", target, "--dir", "project")
    sluice.done("project", "push", "project")
    return name, data


def approved(sluice: Command, project: str) -> dict[str, Any]:
    """The promotion after an approval brought it to production."""
    sluice.done("promotion", "approve", project, "-m", "looked at it")

    def completed() -> dict[str, Any] | None:
        promotion: dict[str, Any] = sluice("promotion", "show", project, "--json").json
        return promotion if promotion["status"] == "completed" else None

    return dict(eventually(completed, "the model in production"))


def some_rows(data: Path, target: str, folder: Path) -> Path:
    """Three customers as a caller has them: without the answer, null where a value is missing."""
    with data.open(newline="", encoding="utf-8") as stream:
        rows = [next(reader) for reader in [csv.DictReader(stream)] for _ in range(3)]
    kept = [{name: None if value in {"NA", ""} else value for name, value in row.items()} for row in rows]
    for row in kept:
        del row[target]
    path = folder / "three.json"
    path.write_text(json.dumps(kept), encoding="utf-8")
    return path


def test_from_a_file_nobody_has_seen_to_an_answer_and_its_story(sluice: Command) -> None:
    # given a project that was begun from the file
    name, data = begin(sluice, "churned?")

    # when the data is pushed, and somebody approves what came of it
    told = sluice.done("data", "push", name, data, "--wait")
    promotion = approved(sluice, name)

    # then it was judged, and rows are answered
    assert "register_model" in told
    assert (promotion["outcome"], promotion["decisions"][0]["principal"]) == ("first", "local-approver")
    rows = some_rows(data, "churned?", sluice.folder)
    answers = sluice("predict", name, rows, "--json").json
    assert [set(answer["probability"]) for answer in answers] == [{"No", "Yes"}] * 3
    assert {answer["label"] for answer in answers} <= {"No", "Yes"}

    # and the story of an answer leads back to the file, the code and the person
    story = sluice("prediction", "show", answers[0]["prediction"], "--json").json
    assert story["output"]["label"] == answers[0]["label"]
    assert story["dataset"]["key"] == f"projects/{name}/data/shop-data.csv"
    assert story["approval"]["approved_by"] == ["local-approver"]
    assert "Price (€)" in story["inputs"]
    assert "Gender" not in json.dumps(story["explanation"])

    # and what turned out to be true is kept with it, an unknown id is named
    labels = sluice.folder / "labels.csv"
    labels.write_text(f"prediction_id,label\n{answers[0]['prediction']},Yes\n", encoding="utf-8")
    assert sluice("feedback", "push", name, labels, "--json").json == {"accepted": 1, "rejected": []}
    assert sluice("prediction", "show", answers[0]["prediction"], "--json").json["feedback"]["label"] == "Yes"
    labels.write_text("prediction_id,label\nnobody.0,Yes\n", encoding="utf-8")
    refused = sluice("feedback", "push", name, labels)
    assert refused.code == 1
    assert "nobody.0" in refused.out

    # and the record holds
    assert sluice("lineage", name, "--json").json["upstream"]
    assert sluice("audit", "verify", name, "--json").json["holds"]
    actions = {event["action"] for event in sluice("audit", "list", name, "--json").json}
    assert {"project.push", "promotion.approve"} <= actions


@pytest.mark.long
def test_a_number_is_predicted_from_the_same_file(sluice: Command) -> None:
    name, data = begin(sluice, "spent")

    sluice.done("data", "push", name, data, "--wait")
    approved(sluice, name)

    answers = sluice("predict", name, some_rows(data, "spent", sluice.folder), "--json").json
    assert all(500 < answer["value"] < 1_800 for answer in answers)


@pytest.mark.long
def test_what_is_known_is_not_done_again_unless_asked_for(sluice: Command) -> None:
    name, data = begin(sluice, "churned?")
    sluice.done("data", "push", name, data, "--wait")

    assert "unchanged" in sluice.done("project", "push", "project")
    assert "the same data, code and project.yaml" in sluice.done("data", "push", name, data)
    assert len(sluice("training", "list", name, "--json").json) == 1
    sluice.done("data", "push", name, data, "--force", "--wait")
    assert len(sluice("training", "list", name, "--json").json) == 2
    uploads = sluice("data", "list", name, "--json").json
    assert {upload["requested_by"] for upload in uploads} == {"local-contributor"}
    assert all(upload["authenticated"] for upload in uploads)


def test_new_code_trains_on_the_last_data(sluice: Command) -> None:
    name, data = begin(sluice, "churned?")
    sluice.done("data", "push", name, data, "--wait")

    code = sluice.folder / "project/train.py"
    code.write_text(
        code.read_text(encoding="utf-8").replace('get("C", 1.0)', 'get("C", 0.5)'), encoding="utf-8"
    )
    told = sluice.done("project", "push", "project", "--wait")

    assert "training" in told
    newest = sluice("training", "list", name, "--json").json[0]
    assert (newest["cause"], newest["status"]) == ("code", "succeeded")


def test_a_decision_is_for_approvers_and_is_taken_once(sluice: Command) -> None:
    name, data = begin(sluice, "churned?")
    sluice.done("data", "push", name, data, "--wait")

    wrong = sluice("--as", "contributor", "promotion", "approve", name)
    promotion = approved(sluice, name)
    again = sluice("promotion", "reject", name, promotion["promotion_id"])

    assert wrong.code == 4
    assert "approver" in wrong.err
    assert again.code == 1
    assert "already decided: local-approver chose to approve" in again.err.replace("\n", " ")


def test_a_typo_in_project_yaml_is_answered_with_path_value_and_expectation(sluice: Command) -> None:
    name, _ = begin(sluice, "churned?")
    path = sluice.folder / "project/project.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("evaluation:", "evaluation:\n  margn: 0.1"))

    refused = sluice("project", "push", "project")

    assert refused.code == 2
    assert "evaluation.margn" in refused.err
    assert "did you mean margin?" in refused.err.replace("\n", " ")
    assert sluice("project", "show", name, "--json").json["version"] == 1


def test_a_bad_file_ends_the_command_with_its_reasons(sluice: Command) -> None:
    name, data = begin(sluice, "churned?")
    lines = data.read_text(encoding="utf-8").splitlines()
    bad = sluice.folder / "bad.csv"
    bad.write_text("\n".join([*lines, lines[1]]), encoding="utf-8")

    refused = sluice("data", "push", name, bad, "--wait")

    assert refused.code == 1
    assert "Customer ID" in refused.out
    assert "repeated" in refused.out


def test_what_is_not_there_has_its_own_exit_code(sluice: Command) -> None:
    assert sluice("project", "show", "nobody-pushed-this").code == 5
    assert sluice("prediction", "show", "00000000-0000-7000-8000-000000000000.0").code == 5


def test_the_shell_gets_what_other_tools_need(
    sluice: Command, stack: StackStatus, aws: Callable[[str], Any]
) -> None:
    lines = sluice.done("env").splitlines()

    variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert variables["AWS_ENDPOINT_URL"] == stack.aws_endpoint_url
    assert variables["MLFLOW_TRACKING_URI"] == stack.tracking_uri
    assert aws("s3").head_bucket(Bucket=variables["SLUICE_DATA_BUCKET"])
    assert sluice("status", "--json").json["tokens"] == stack.tokens
