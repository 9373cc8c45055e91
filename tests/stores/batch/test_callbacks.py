"""A caller is told of the end: signed, once if it is taken, again if not, and never inside a network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from functions.deliver_callback.deliver import deliver
from functions.deliver_callback.settings import Settings, read_settings
from functions.resume_workflows.resume import resume_batches
from functions.score_batch.conclude import conclude
from sluice.domain.batch import Batch
from sluice.domain.callback import ATTEMPTS, OVERLAP, WAITS, secret_of
from sluice.domain.errors import Conflict
from sluice.workflows.batches import receive_file
from tests.stores.batch.receiver import Receiver, receiving
from tests.stores.batch.scene import PROJECT, TENANT, BatchRoom, go_through, serve
from tests.stores.deployments import MotoDeployment


@pytest.fixture
def room(deployment: MotoDeployment) -> BatchRoom:
    made = BatchRoom(deployment.environment)
    serve(made)
    return made


def settings_for(receiver: Receiver) -> Settings:
    return read_settings(
        {
            "CALLBACK_HOSTS": "127.0.0.1:*,*.example.org",
            "CALLBACK_LOOPBACK": "true",
            "CALLBACK_CA": receiver.certificate,
            "PUBLIC_ORIGIN": "https://api.example.org",
        }
    )


def concluded(room: BatchRoom, callback: str) -> Batch:
    """A batch that has succeeded and that somebody wants to be told of."""
    batch = Batch(
        batch_id=room.platform.new_id(), kind="batch", project=PROJECT, environment="production", form="csv",
        key="rows.csv", requested_by="ann", authenticated=True, correlation_id="c", callback=callback,
    )  # fmt: skip
    room.batches.end(TENANT, room.batches.create(TENANT, batch), "succeeded")
    assert conclude(room, TENANT, now(room, batch), {}, lambda: 0) == {"outcome": "deliver"}
    return now(room, batch)


def now(room: BatchRoom, batch: Batch) -> Batch:
    return room.batches.get(TENANT, PROJECT, batch.batch_id)


def secret(room: BatchRoom) -> str:
    """The newest, as it is shown."""
    used = room.callback_secrets.in_use(TENANT, PROJECT)
    return secret_of(room.callback_secrets.key(TENANT, PROJECT, used))


def verified(receiver: Receiver, secret: str, call: int = -1) -> dict[str, object]:
    """What a receiver does, as docs/batch.md says; gives the message."""
    headers, body = receiver.calls[call]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in headers["webhook-signature"].split()
    message: dict[str, object] = json.loads(body)
    return message


def test_the_end_is_told_signed_and_once(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        batch = concluded(room, f"{receiver.address}?of=mine")
        assert [each.batch_id for each in room.batches.open(TENANT)] == [batch.batch_id]

        outcomes = [deliver(room, settings_for(receiver), TENANT, now(room, batch)) for _ in range(2)]

    assert outcomes == [{"outcome": "delivered"}] * 2
    assert len(receiver.calls) == 1
    assert verified(receiver, secret(room)) == {
        "type": "batch.succeeded",
        "timestamp": batch.ended_at,
        "data": {
            "batch_id": batch.batch_id,
            "project": PROJECT,
            "environment": "production",
            "status": "succeeded",
            "correlation_id": batch.correlation_id,
            "result": f"https://api.example.org/sluice/v1/projects/{PROJECT}/batches/{batch.batch_id}",
        },
    }
    delivery = now(room, batch).delivery
    assert delivery is not None
    assert (delivery.status, delivery.attempts, delivery.answer) == ("delivered", 1, 204)
    assert room.batches.open(TENANT) == []


def test_a_receiver_has_a_day_to_change_over_to_a_new_secret(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        before = secret(room)
        room.callback_secrets.rotate(TENANT, PROJECT, at_once=False)
        after = secret(room)
        deliver(room, settings_for(receiver), TENANT, concluded(room, receiver.address))
        with pytest.raises(Conflict, match="signs until"):
            room.callback_secrets.rotate(TENANT, PROJECT, at_once=False)
        room.pass_time(seconds=OVERLAP.total_seconds())
        deliver(room, settings_for(receiver), TENANT, concluded(room, receiver.address))

    assert before != after
    assert verified(receiver, before, 0) == verified(receiver, after, 0)
    assert verified(receiver, after, 1)
    with pytest.raises(AssertionError):
        verified(receiver, before, 1)


def test_a_secret_that_became_known_signs_nothing_any_more(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        known = secret(room)
        for _ in range(2):
            room.callback_secrets.rotate(TENANT, PROJECT, at_once=True)
        deliver(room, settings_for(receiver), TENANT, concluded(room, receiver.address))

    assert verified(receiver, secret(room))
    with pytest.raises(AssertionError):
        verified(receiver, known)


def test_what_was_not_taken_comes_again_later_and_later_until_it_is_given_up(
    room: BatchRoom, tmp_path: Path
) -> None:
    with receiving(tmp_path, *[503] * ATTEMPTS) as receiver:
        batch = concluded(room, receiver.address)
        waits = [deliver(room, settings_for(receiver), TENANT, now(room, batch)) for _ in range(ATTEMPTS)]

    assert [each["outcome"] for each in waits] == ["again"] * len(WAITS) + ["failed"]
    assert all(wait <= each["seconds"] <= wait * 1.25 for wait, each in zip(WAITS, waits[:-1], strict=True))
    assert {call[0]["webhook-id"] for call in receiver.calls} == {batch.batch_id}
    assert len({call[1] for call in receiver.calls}) == 1
    delivery = now(room, batch).delivery
    assert delivery is not None
    assert (delivery.status, delivery.attempts, delivery.answer) == ("failed", ATTEMPTS, 503)
    assert (now(room, batch).status, room.batches.open(TENANT)) == ("succeeded", [])


def test_an_attempt_that_died_counts_and_a_workflow_that_died_goes_on(
    room: BatchRoom, tmp_path: Path
) -> None:
    with receiving(tmp_path, 500) as receiver:
        batch = concluded(room, receiver.address)
        deliver(room, settings_for(receiver), TENANT, now(room, batch))
        room.batch_workflow.running.clear()

        assert resume_batches(room, TENANT).moved == [batch.batch_id]
        go_through(room, now(room, batch))
        deliver(room, settings_for(receiver), TENANT, now(room, batch))

    delivery = now(room, batch).delivery
    assert delivery is not None
    assert (delivery.status, delivery.attempts) == ("delivered", 2)


def test_nobody_is_followed_elsewhere(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path, 302, 307, 410) as receiver:
        for tried in (1, 2, 3):
            outcome = deliver(room, settings_for(receiver), TENANT, concluded(room, receiver.address))
            assert outcome == {"outcome": "failed"}
            assert len(receiver.calls) == tried


def test_a_certificate_that_nobody_vouches_for_is_no_receiver(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        strict = replace(settings_for(receiver), trust=read_settings({}).trust)
        batch = concluded(room, receiver.address)
        outcome = deliver(room, strict, TENANT, batch)

    assert outcome["outcome"] == "again"
    assert receiver.calls == []
    delivery = now(room, batch).delivery
    assert delivery is not None
    assert "SSLCertVerificationError" in (delivery.error or "")


def test_a_name_that_leads_inside_a_network_is_not_called(
    room: BatchRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's resolver is the world around what is tested: it says what an attacker's would."""
    for inside in ("10.0.0.7", "169.254.169.254", "127.0.0.1", "::ffff:10.0.0.7", "fe80::1%eth0"):
        leads_to = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.215.14", inside)
        ]
        with receiving(tmp_path) as receiver, monkeypatch.context() as resolver:
            batch = concluded(room, "https://hooks.example.org/hooks")
            settings = replace(settings_for(receiver), loopback=False)
            resolver.setattr(socket, "getaddrinfo", lambda *_words, found=leads_to, **_named: found)
            outcome = deliver(room, settings, TENANT, batch)

        assert outcome == {"outcome": "failed"}, inside
        delivery = now(room, batch).delivery
        assert delivery is not None
        assert "inside a network" in (delivery.error or "")


def test_who_is_allowed_no_longer_is_not_called(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        batch = concluded(room, receiver.address)
        outcome = deliver(room, replace(settings_for(receiver), hosts=("example.org",)), TENANT, batch)

    assert outcome == {"outcome": "failed"}
    assert receiver.calls == []


def test_one_that_was_rejected_before_it_began_is_told_of_too(room: BatchRoom, tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        key, version = room.put(b"")
        waiting = Batch(
            batch_id="019ab000-0000-7000-8000-00000000abcd", kind="batch", project=PROJECT,
            environment="production", form="csv", key=key, requested_by="ann", authenticated=True,
            correlation_id="c", version_id=version, callback=receiver.address,
        )  # fmt: skip
        room.batches.create(TENANT, waiting)
        batch = receive_file(room, key, version, "ann")
        assert batch is not None
        assert (batch.status, room.batch_workflow.started) == ("rejected", [(batch.batch_id, 1)])

        go_through(room, batch)
        outcome = deliver(room, settings_for(receiver), TENANT, now(room, batch))

    assert outcome == {"outcome": "delivered"}
    assert json.loads(receiver.calls[0][1])["type"] == "batch.rejected"
