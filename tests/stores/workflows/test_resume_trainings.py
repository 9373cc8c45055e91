"""After a restart nothing is lost: trainings start their next attempt, uploads without a record are found."""

from __future__ import annotations

import pytest

from functions.resume_workflows.find_uploads import find_uploads
from functions.resume_workflows.resume import MAXIMUM_ATTEMPTS, resume_trainings
from functions.start_training.receive_upload import ObjectCreated, receive_upload
from sluice.stores import keys
from tests.stores.deployments import MotoDeployment
from tests.stores.workflows.projects import PROJECT, TENANT, push, put, upload_code, upload_data


def test_a_training_whose_execution_is_gone_starts_again(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    training_id = upload_data(deployment).training_id or ""

    untouched = resume_trainings(deployment, TENANT).moved
    deployment.training_workflow.running.clear()
    moved = resume_trainings(deployment, TENANT).moved

    assert (untouched, moved) == ([], [training_id])
    assert deployment.training_workflow.started == [(training_id, 1), (training_id, 2)]


def test_a_training_that_never_moves_fails_and_lets_the_next_one_run(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    first, second = upload_data(deployment, b"1"), upload_data(deployment, b"2", sequencer="2")
    for _ in range(MAXIMUM_ATTEMPTS):
        deployment.training_workflow.running.clear()
        resume_trainings(deployment, TENANT)

    ended = deployment.trainings.get(TENANT, PROJECT, first.training_id or "")
    following = deployment.trainings.get(TENANT, PROJECT, second.training_id or "")
    assert (ended.status, following.status) == ("failed", "running")
    assert ended.error is not None
    assert "gave up" in ended.error


def test_a_queue_whose_dispatch_was_lost_moves_on(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    first, second = upload_data(deployment, b"1"), upload_data(deployment, b"2", sequencer="2")
    training = deployment.trainings.get(TENANT, PROJECT, first.training_id or "")
    ended = deployment.trainings.conclude(TENANT, training, status="failed")
    deployment.trainings.release(TENANT, ended)

    assert resume_trainings(deployment, TENANT).moved == [second.training_id]


def test_a_lock_that_its_training_left_behind_is_freed(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    first, second = upload_data(deployment, b"1"), upload_data(deployment, b"2", sequencer="2")
    training = deployment.trainings.get(TENANT, PROJECT, first.training_id or "")
    deployment.trainings.conclude(TENANT, training, status="failed")
    lock = keys.training_lock(tenant=TENANT, project=PROJECT)
    assert deployment.platform.get(lock)

    assert resume_trainings(deployment, TENANT).moved == [second.training_id]


def test_one_record_that_cannot_be_moved_keeps_no_other_from_it(
    deployment: MotoDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(deployment)
    upload_code(deployment)
    training_id = upload_data(deployment).training_id or ""
    deployment.training_workflow.running.clear()
    monkeypatch.setattr(deployment.training_workflow, "start", _refuse)

    resumed = resume_trainings(deployment, TENANT)

    assert (resumed.moved, resumed.failed) == ([], [training_id])


def _refuse(**_: object) -> None:
    raise RuntimeError("the state machine is gone")


def test_an_upload_without_a_record_is_announced_once_it_is_found(deployment: MotoDeployment) -> None:
    push(deployment)
    upload_code(deployment)
    lost = put(deployment, f"projects/{PROJECT}/data/data.csv", b"a\n1\n")

    found = find_uploads(deployment, TENANT)
    (event,) = deployment.events.of("UploadFound")
    (received,) = receive_upload(deployment, ObjectCreated.from_detail(event.data))

    assert found == [lost.key]
    assert (received.status, received.version_id) == ("accepted", lost.version_id)
    assert find_uploads(deployment, TENANT) == []
