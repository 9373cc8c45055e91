"""Uploads become trainings: each object version once, each equal training once, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from functions.conclude_training.conclude import conclude
from functions.start_training.receive_upload import ObjectCreated, receive_upload
from functions.start_training.request_training import request_training
from sluice.stores.items import Items
from sluice.workflows.dispatch import dispatch
from tests.stores.deployments import MotoDeployment
from tests.stores.workflows.projects import PROJECT, TENANT, push, put, upload, upload_code, upload_data


def finish(deployment: MotoDeployment, training_id: str, *, model_version: int | None = 1) -> None:
    training = deployment.trainings.get(TENANT, PROJECT, training_id)
    if model_version:
        deployment.trainings.change(TENANT, training, model_version=model_version)
    conclude(deployment, TENANT, PROJECT, training_id, None)
    dispatch(deployment, TENANT, PROJECT)


class Lagging:
    """A client whose weak queries are answered by a replica that has heard of nothing yet."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def query(self, **asked: Any) -> Any:
        return self.client.query(**asked) if asked.get("ConsistentRead") else {"Items": []}


class LaggingDeployment(MotoDeployment):
    def _items(self, variable: str) -> Items:
        items = super()._items(variable)
        return replace(items, client=cast("Any", Lagging(items.client)))


def test_a_training_starts_at_once_though_replicas_lag(deployment: MotoDeployment) -> None:
    lagging = LaggingDeployment(deployment.environment)
    push(lagging)
    upload_code(lagging)

    received = upload_data(lagging)

    assert lagging.trainings.get(TENANT, PROJECT, received.training_id or "").status == "running"


def test_data_and_code_start_a_training(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)

    received = upload_data(deployment)

    training = deployment.trainings.get(TENANT, PROJECT, received.training_id or "")
    assert (received.status, training.status, training.attempt) == ("accepted", "running", 1)
    assert deployment.training_workflow.started == [(training.training_id, 1)]
    assert deployment.tracking.get_run(TENANT, training.run_id or "").status == "RUNNING"
    assert not received.authenticated


def test_an_event_delivered_twice_starts_one_training(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    event = put(deployment, f"projects/{PROJECT}/data/data.csv", b"a\n1\n")

    (first,), (second,) = receive_upload(deployment, event), receive_upload(deployment, event)

    assert first == second
    assert len(deployment.training_workflow.started) == 1


def test_equal_data_is_a_duplicate_until_the_training_fails(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    first = upload_data(deployment)

    again = upload_data(deployment)
    finish(deployment, first.training_id or "", model_version=None)
    after_failure = upload_data(deployment)
    finish(deployment, after_failure.training_id or "")
    after_success = upload_data(deployment)

    assert (again.status, again.duplicate_of) == ("duplicate", first.training_id)
    assert after_failure.status == "accepted"
    assert (after_success.status, after_success.duplicate_of) == ("duplicate", after_failure.training_id)


def test_a_forced_upload_trains_again(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    first = upload_data(deployment)
    finish(deployment, first.training_id or "")
    key = f"projects/{PROJECT}/data/data.csv"
    deployment.uploads.intend(TENANT, PROJECT, "u-1", {"principal": "ann", "key": key, "forced": True})

    forced = upload_data(deployment, metadata={"sluice-upload": "u-1"})

    assert (forced.status, forced.upload_id, forced.requested_by) == ("accepted", "u-1", "ann")
    assert forced.authenticated


def test_a_link_for_one_key_proves_nothing_for_another(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    deployment.uploads.intend(
        TENANT, PROJECT, "u-1", {"principal": "ann", "key": "projects/credit/data/x.csv"}
    )

    received = upload_data(deployment, metadata={"sluice-upload": "u-1"})

    assert not received.authenticated


def test_data_before_code_waits_and_trains_when_code_comes(deployment: MotoDeployment) -> None:
    push(deployment)
    waiting = upload_data(deployment)

    code = upload_code(deployment)

    assert (waiting.status, waiting.waiting_for) == ("waiting", "code")
    settled = deployment.uploads.get(TENANT, PROJECT, waiting.upload_id)
    assert (settled.status, settled.waiting_for) == ("accepted", None)
    assert code.training_id == settled.training_id


def test_new_code_trains_on_the_last_accepted_dataset(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    data = upload_data(deployment)
    training = deployment.trainings.get(TENANT, PROJECT, data.training_id or "")
    deployment.projects.set_dataset(TENANT, PROJECT, training.dataset)
    finish(deployment, training.training_id)

    code = upload_code(deployment, "def train(): return 2")
    repacked = upload_code(deployment, "def train(): return 2")

    again = deployment.trainings.get(TENANT, PROJECT, code.training_id or "")
    assert (again.cause, again.dataset) == ("code", training.dataset)
    assert repacked.duplicate_of == again.training_id


def test_trainings_run_one_at_a_time_in_the_order_of_their_sequencers(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    first = upload_data(deployment, b"1", sequencer="10")
    late = upload_data(deployment, b"3", sequencer="A0")
    early = upload_data(deployment, b"2", sequencer="9F")

    finish(deployment, first.training_id or "")
    finish(deployment, early.training_id or "")

    order = [training_id for training_id, _ in deployment.training_workflow.started]
    assert order == [first.training_id, early.training_id, late.training_id]


def test_an_event_without_a_version_receives_each_version_once(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    key = f"projects/{PROJECT}/data/data.csv"
    put(deployment, key, b"older")
    put(deployment, key, b"newer")

    received = receive_upload(deployment, ObjectCreated(key, None, "20", "me"))
    again = receive_upload(deployment, ObjectCreated(key, None, "21", "me"))

    assert [upload.sequencer for upload in received] == ["1F", "20"]
    assert again == []


def test_a_failure_that_nobody_foresaw_ends_the_training_and_frees_the_queue(
    deployment: MotoDeployment,
) -> None:
    push(deployment)
    upload_code(deployment)
    first, second = upload_data(deployment, b"1"), upload_data(deployment, b"2", sequencer="2")

    conclude(deployment, TENANT, PROJECT, first.training_id or "", {"Error": "Boom", "Cause": "why"})
    dispatch(deployment, TENANT, PROJECT)

    ended = deployment.trainings.get(TENANT, PROJECT, first.training_id or "")
    assert (ended.status, ended.error) == ("failed", "Boom: why")
    assert deployment.tracking.get_run(TENANT, ended.run_id or "").status == "FAILED"
    assert deployment.trainings.get(TENANT, PROJECT, second.training_id or "").status == "running"


class TestBadUploads:
    def test_an_unknown_project_is_recorded_as_rejected(self, deployment: MotoDeployment) -> None:
        received = upload(deployment, "projects/nobody/data/data.csv", b"a\n1\n")

        assert (received.status, received.project) == ("rejected", "nobody")
        assert received.reasons[0].value == "projects/nobody/data/data.csv"

    def test_a_file_over_the_limit_is_refused_before_it_is_read(self, deployment: MotoDeployment) -> None:
        contract = {**_contract(), "size_limit_mb": 1}
        push(deployment, contract=contract)
        upload_code(deployment)

        received = upload_data(deployment, b"x" * 1_000_001)

        assert received.status == "rejected"
        assert (received.reasons[0].value, received.ref) == ("1000001 bytes", None)

    def test_code_that_is_no_archive(self, deployment: MotoDeployment) -> None:
        push(deployment)

        received = upload(deployment, f"projects/{PROJECT}/code/code.zip", b"not a zip")

        assert (received.status, received.reasons[0].path) == ("rejected", "file")


def test_a_request_trains_on_the_last_dataset_and_a_redelivery_is_the_same(
    deployment: MotoDeployment,
) -> None:
    push(deployment)
    upload_code(deployment)
    data = upload_data(deployment)
    training = deployment.trainings.get(TENANT, PROJECT, data.training_id or "")
    finish(deployment, training.training_id)
    event_id = "019a0000-0000-7000-8000-000000000000"
    detail = {
        "id": event_id,
        "type": "TrainingRequested",
        "tenant": TENANT,
        "project": PROJECT,
        "correlation_id": "c",
        "data": {"forced": True, "requested_by": "ann"},
    }

    without_data = request_training(deployment, TENANT, detail)
    deployment.projects.set_dataset(TENANT, PROJECT, training.dataset)
    outcomes = [request_training(deployment, TENANT, detail) for _ in range(2)]

    assert without_data == "no_dataset"
    assert outcomes == ["queued", "queued"]
    assert [started for started, _ in deployment.training_workflow.started].count(event_id) == 1


def _contract() -> dict[str, object]:
    from tests.stores.workflows.projects import document

    contract: dict[str, object] = document()["contract"]
    return contract
