"""Uploads by link, datasets, and trainings that are asked for."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import parse_qs, urlparse

import pytest

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.training import Training
from sluice.domain.upload import Upload
from tests.stores.control_api.api import ADA, EVE, Api
from tests.stores.control_api.test_projects import spec

REF = ArtefactRef("data", "projects/credit/data/a.csv", "v1", "d" * 64, 10)


@pytest.fixture
def credit(api: Api) -> Api:
    api.post("/projects", {"spec": spec()}).ok()
    return api


def accepted(api: Api, **changes: object) -> Upload:
    fields: dict[str, object] = {
        "upload_id": "upload-1",
        "project": "credit",
        "kind": "data",
        "key": REF.key,
        "version_id": "v1",
        "sequencer": "1",
        "requested_by": "ada",
        "authenticated": True,
        "status": "accepted",
        "correlation_id": "c",
        "ref": REF,
        "training_id": "training-1",
    }
    return api.platform.uploads.receive("default", Upload(**(fields | changes)))  # type: ignore[arg-type]


def training(api: Api, status: str) -> None:
    record = Training(
        training_id="training-1",
        project="credit",
        project_version=1,
        project_digest="p",
        code_digest="none",
        identity="i",
        status=status,  # type: ignore[arg-type]
        cause="upload",
        requested_by="ada",
        authenticated=True,
        correlation_id="c",
        sequencer="1",
        dataset=REF,
    )
    api.platform.trainings.enqueue("default", record)


def test_a_link_is_for_one_key_one_size_and_one_upload(credit: Api) -> None:
    link = credit.post(
        "/projects/credit/uploads", {"kind": "data", "filename": "a.csv", "size": 10}, x_correlation_id="corr"
    )

    assert link.status == 201
    address = urlparse(link.body["url"])
    signed = parse_qs(address.query)["X-Amz-SignedHeaders"][0].split(";")
    assert link.body["key"] == "projects/credit/data/a.csv"
    assert address.path.endswith("/projects/credit/data/a.csv")
    assert {"content-length", "host", "x-amz-meta-sluice-upload"} <= set(signed)
    assert link.body["headers"] == {"x-amz-meta-sluice-upload": link.body["upload_id"]}
    intent = credit.platform.uploads.intent("default", "credit", link.body["upload_id"])
    assert intent is not None
    assert (intent["principal"], intent["key"], intent["correlation_id"]) == ("ada", link.body["key"], "corr")


def test_what_is_too_large_is_refused_before_it_is_sent(credit: Api) -> None:
    body = {"kind": "data", "filename": "a.csv", "size": 100_000_001}

    problem = credit.post("/projects/credit/uploads", body).problem(413, "too_large")

    assert problem["errors"][0]["expected"] == "at most 100000000 bytes"


@pytest.mark.parametrize(
    "changes",
    [
        {"filename": "../secret.csv"},
        {"filename": "derived/x"},
        {"filename": ""},
        {"filename": "a.csv\n"},
        {"kind": "model"},
        {"size": -1},
        {"size": "10"},
        {"kind": "code", "filename": "train.py"},
    ],
)
def test_odd_names_kinds_and_sizes_are_refused(credit: Api, changes: dict[str, object]) -> None:
    body = {"kind": "data", "filename": "a.csv", "size": 10} | changes

    credit.post("/projects/credit/uploads", body).problem(422, "invalid")


def test_uploads_are_for_contributors(credit: Api) -> None:
    body = {"kind": "data", "filename": "a.csv", "size": 10}

    credit.post("/projects/credit/uploads", body, EVE).problem(403, "forbidden")


def test_accepted_data_is_a_dataset_version(credit: Api) -> None:
    accepted(credit)
    accepted(credit, upload_id="upload-2", kind="code", key="projects/credit/code/c.zip")
    accepted(credit, upload_id="upload-3", version_id="v3", status="rejected", ref=None)

    datasets = credit.get("/projects/credit/datasets").ok()["items"]

    assert [(each["upload_id"], each["ref"]["version_id"]) for each in datasets] == [("upload-1", "v1")]
    assert len(credit.get("/projects/credit/uploads").ok()["items"]) == 3
    assert credit.get("/projects/credit/uploads/upload-3").ok()["status"] == "rejected"
    credit.get("/projects/credit/uploads/upload-9").problem(404, "not_found")


def test_a_training_is_asked_for_on_the_bus(credit: Api) -> None:
    credit.platform.projects.set_dataset("default", "credit", REF)

    asked = credit.post("/projects/credit/trainings", {"force": True})

    assert asked.status == 202
    (event,) = credit.platform.events.of("TrainingRequested")
    assert event.data["training_id"] == asked.body["training_id"]
    assert event.data["dataset"] == asdict(REF)
    assert (event.data["forced"], event.data["requested_by"]) == (True, "ada")


def test_there_must_be_something_to_train_on(credit: Api) -> None:
    credit.post("/projects/credit/trainings", {}).problem(409, "conflict")
    credit.post("/projects/credit/trainings", {"upload_id": "nope"}).problem(404, "not_found")
    accepted(credit, status="waiting", waiting_for="code")
    credit.post("/projects/credit/trainings", {"upload_id": "upload-1"}).problem(409, "conflict")
    credit.post("/projects/unknown/trainings", {}).problem(404, "not_found")

    assert credit.platform.events.published == []


def test_a_failed_training_is_tried_again_and_an_open_one_is_not(credit: Api) -> None:
    training(credit, "queued")
    credit.post("/projects/credit/trainings/training-1/retry", {}).problem(409, "conflict")
    known = credit.platform.trainings.get("default", "credit", "training-1")
    credit.platform.trainings.conclude("default", known, status="failed")

    credit.send("POST", "/projects/credit/trainings/training-1/retry", ADA).ok()

    (event,) = credit.platform.events.of("TrainingRequested")
    assert (event.data["cause"], event.data["forced"]) == ("retry", False)
    assert event.data["training_id"] != "training-1"


def test_trainings_are_listed_and_shown(credit: Api) -> None:
    training(credit, "queued")

    assert credit.get("/projects/credit/trainings", EVE).ok()["items"][0]["training_id"] == "training-1"
    assert credit.get("/projects/credit/trainings/training-1", EVE).ok()["status"] == "queued"
    credit.get("/projects/credit/trainings/training-2", EVE).problem(404, "not_found")
