"""Each record of the ledger's stream is archived, and counted once, however it is delivered."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from functions.archive_predictions.archive_delivery import archive_delivery
from sluice.domain.counts import Counts
from sluice.domain.errors import Unavailable
from sluice.domain.monitor import Chunk
from sluice.domain.predictions import prediction_id
from sluice.stores.archive_lines import opened_line
from sluice.stores.monitoring import MonitoringStore
from tests.stores.monitoring.world import PROJECT, TENANT, Rooms, StreamRecord, World
from tests.unit.monitoring.builders import baseline_of, columns_of, outputs_of


def counted(world: World, version: int = 1) -> Counts:
    """Everything counted and not taken in yet."""
    chunks, more = world.rooms.counts.pending(TENANT, PROJECT, "production", version, limit=1000)
    assert not more
    return sum((chunk.counts for chunk in chunks), Counts())


def archived(world: World, kind: str) -> list[dict[str, Any]]:
    store = world.rooms.artefacts
    lines: list[dict[str, Any]] = []
    for key in store.keys("archive", f"{TENANT}/{kind}/"):
        content = b"".join(store.stream("archive", key, ""))
        lines += [json.loads(line) for line in gzip.decompress(content).splitlines()]
    return lines


def test_scored_rows_are_archived_and_counted_into_the_models_bins(world: World) -> None:
    # given two requests
    first, second = world.score(3), world.score(250)
    # when the stream brings them
    result = archive_delivery(world.rooms, world.stream)
    # then every row is a line of the archive
    assert result == {"counted": 2, "repeated": 0, "unreadable": 0}
    lines = {line["prediction_id"]: line for line in archived(world, "predictions")}
    assert len(lines) == 253
    assert lines[prediction_id(second.request_id, 249)]["features"] == second.row(249)
    assert lines[prediction_id(first.request_id, 0)]["probabilities"]["yes"] == first.probabilities["yes"][0]
    # and the counts are those of the rows
    expected = Counts()
    for number, rows in ((1, 3), (2, 250)):
        columns = columns_of(rows, seed=1000 + number)
        expected += baseline_of().count_rows(columns, outputs_of(columns))
    assert counted(world).parts == expected.parts


def test_labels_are_joined_with_what_was_predicted(world: World) -> None:
    request = world.score(120)
    world.label(request)
    archive_delivery(world.rooms, world.stream)
    # then loss and label are counted, and the line holds all that a dataset needs
    total = counted(world)
    assert (total.rows, total.labels) == (120, 120)
    lines = archived(world, "feedback")
    assert len(lines) == 120
    assert lines[7]["features"] == request.row(7)
    chances = np.array(request.probabilities["yes"], dtype=np.float64)
    truth = np.array([line["truth"] == "yes" for line in lines], dtype=np.float64)
    assert total.parts["loss/brier"][0] == pytest.approx(((chances - truth) ** 2).sum())


def test_a_corrected_label_counts_as_the_last_word(world: World) -> None:
    # given labels that are all wrong, some of which are corrected later
    request = world.score(50)
    world.label(request, turned=True)
    world.label(request, rows=range(20))
    archive_delivery(world.rooms, world.stream)
    corrected = counted(world)
    # then the totals are those of the last words
    assert corrected.labels == 50
    other = world.score(1)
    assert other.rows == 1
    chances = np.array(request.probabilities["yes"], dtype=np.float64)
    words = {
        line["prediction_id"]: line
        for line in sorted(archived(world, "feedback"), key=lambda x: x["feedback_id"])
    }
    truth = np.array([words[prediction_id(request.request_id, row)]["truth"] == "yes" for row in range(50)])
    assert corrected.parts["loss/brier"][0] == pytest.approx(((chances - truth) ** 2).sum())


def test_the_same_delivery_twice_counts_once(world: World) -> None:
    for _ in range(4):
        world.score(30)
    archive_delivery(world.rooms, world.stream)
    before = counted(world)
    result = archive_delivery(world.rooms, world.stream)
    assert result == {"counted": 0, "repeated": 4, "unreadable": 0}
    assert counted(world) == before


@pytest.mark.parametrize("again", [1, 3, 5, 6, 8])
def test_a_redelivery_may_be_shorter_or_longer(world: World, again: int) -> None:
    # given a delivery of five that was counted, and whose answer was lost
    for _ in range(8):
        world.score(10)
    archive_delivery(world.rooms, world.stream[:5])
    # when the stream begins again at the same record, with another length, and goes on behind it
    archive_delivery(world.rooms, world.stream[:again])
    archive_delivery(world.rooms, world.stream[again:])
    # then everything is counted once
    assert counted(world).rows == 80


def test_ever_shorter_redeliveries_count_once(world: World) -> None:
    for _ in range(6):
        world.score(10)
    archive_delivery(world.rooms, world.stream)
    for start in range(6):
        archive_delivery(world.rooms, world.stream[start : start + 1])
    assert counted(world).rows == 60


class CrashError(Exception):
    """The function was killed here."""


@dataclass(frozen=True)
class FailingStore(MonitoringStore):
    """Fails at its n-th delivery, before or after it is written."""

    left: list[int] = field(default_factory=lambda: [0])
    after: bool = False
    error: type[Exception] = CrashError

    def record_delivery(
        self, tenant: str, members: Sequence[str], chunks: Sequence[tuple[str, Chunk]]
    ) -> bool:
        self.left[0] -= 1
        if self.left[0] < 0 and not self.after:
            raise self.error("at the write")
        done = super().record_delivery(tenant, members, chunks)
        if self.left[0] < 0:
            raise self.error("behind the write")
        return done


def failing(world: World, **how: Any) -> Rooms:
    """The same rooms, with a store that fails."""
    rooms = Rooms(world.rooms.environment, world.rooms.time)
    vars(rooms)["counts"] = FailingStore(rooms.platform, **how)
    return rooms


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", [0, 1])
def test_a_crash_between_stretches_loses_and_repeats_nothing(world: World, writes: int, after: bool) -> None:
    # given a delivery of two stretches, and a function that dies on the way
    for _ in range(55):
        world.score(1)
    with pytest.raises(CrashError):
        archive_delivery(failing(world, left=[writes], after=after), world.stream)
    # when it is delivered again
    archive_delivery(world.rooms, world.stream)
    # then everything is counted once
    assert counted(world).rows == 55


def test_a_store_that_refuses_lets_the_stream_deliver_again(world: World) -> None:
    world.score(10)
    with pytest.raises(Unavailable):
        archive_delivery(failing(world, error=Unavailable), world.stream)
    archive_delivery(world.rooms, world.stream)
    assert counted(world).rows == 10


def test_removals_changes_and_foreign_items_are_passed_over(world: World) -> None:
    world.score(5)
    stream: list[StreamRecord] = [
        {"eventName": "REMOVE", "dynamodb": {"Keys": world.stream[0]["dynamodb"]["NewImage"]}},
        {**world.stream[0], "eventName": "MODIFY"},
        {"eventName": "INSERT", "dynamodb": {"NewImage": {"pk": {"S": "default#other#1"}, "sk": {"S": "x"}}}},
        {"eventName": "INSERT", "dynamodb": {}},
        {},
        *world.stream,
    ]
    assert archive_delivery(world.rooms, stream) == {"counted": 1, "repeated": 0, "unreadable": 0}
    assert counted(world).rows == 5


def test_a_record_that_makes_no_sense_is_set_aside_and_the_stream_goes_on(world: World) -> None:
    # given a poisoned record between two good ones
    for _ in range(3):
        world.score(10)
    world.stream[1]["dynamodb"]["NewImage"]["document"] = {"S": "{broken"}
    result = archive_delivery(world.rooms, world.stream)
    # then the others count, and the record is kept with the reason
    assert result == {"counted": 2, "repeated": 0, "unreadable": 1}
    assert counted(world).rows == 20
    (key,) = world.rooms.artefacts.keys("archive", f"{TENANT}/unreadable/")
    kept = json.loads(b"".join(world.rooms.artefacts.stream("archive", key, "")))
    assert "IntegrityError" in kept["error"]
    # and it is not looked at again
    assert archive_delivery(world.rooms, world.stream)["repeated"] == 3


def test_a_version_without_a_baseline_is_archived_and_not_counted(world: World) -> None:
    world.score(5, version=9)
    archive_delivery(world.rooms, world.stream)
    assert len(archived(world, "predictions")) == 5
    assert world.rooms.counts.progress(TENANT, PROJECT) == []


def test_versions_and_environments_are_counted_apart(world: World) -> None:
    world.serve(version=2)
    world.score(10)
    world.score(20, version=2)
    world.score(30, environment="staging")
    archive_delivery(world.rooms, world.stream)
    found = world.rooms.counts.progress(TENANT, PROJECT)
    assert [(each.environment, each.model_version, each.rows_open) for each in found] == [
        ("production", 1, 10),
        ("production", 2, 20),
        ("staging", 1, 30),
    ]


def test_long_requests_end_a_chunk_and_short_ones_share_one(world: World) -> None:
    for rows in (100, 250, *[1] * 30):
        world.score(rows)
    archive_delivery(world.rooms, world.stream)
    chunks, _ = world.rooms.counts.pending(TENANT, PROJECT, "production", 1, limit=100)
    assert [chunk.counts.rows for chunk in chunks] == [100, 250, 30]


def test_personal_fields_are_counted_and_archived_under_their_entitys_key(world: World) -> None:
    subject = "a" * 64
    request = world.score(3, personal=("income",), entity=subject)
    archive_delivery(world.rooms, world.stream)

    line = archived(world, "predictions")[0]
    columns = columns_of(3, seed=1001)
    # drift sees them
    assert counted(world).parts == baseline_of().count_rows(columns, outputs_of(columns)).parts
    # the archive holds them for those who have the key
    assert set(line["features"]) == {"age", "channel"}
    find = partial(world.rooms.entity_keys.find, TENANT, PROJECT)
    opened = opened_line(line, find)
    assert opened is not None
    assert opened["features"] == request.row(int(line["prediction_id"].rpartition(".")[2]))
    # until it is deleted
    assert world.rooms.entity_keys.forget(TENANT, PROJECT, subject, by="root")
    assert opened_line(line, find) is None


def test_what_was_forgotten_before_it_was_counted_counts_as_missing(world: World) -> None:
    world.score(3, personal=("income",), entity="a" * 64)
    world.rooms.entity_keys.forget(TENANT, PROJECT, "a" * 64, by="root")

    assert archive_delivery(world.rooms, world.stream)["counted"] == 1

    assert counted(world).parts["feature/income"][-1] == 3
    assert all(line["sealed"] == {} for line in archived(world, "predictions"))


def test_removals_by_ttl_and_keys_are_not_predictions(world: World) -> None:
    world.score(3, personal=("income",), entity="a" * 64)
    removed = {**world.stream[0], "eventName": "REMOVE", "userIdentity": {"type": "Service"}}
    changed = {**world.stream[0], "eventName": "MODIFY"}
    key = {"pk": {"S": f"{TENANT}#entity#{PROJECT}#a"}, "sk": {"S": "key"}}
    made = {"eventName": "INSERT", "dynamodb": {"NewImage": key}}

    assert archive_delivery(world.rooms, [removed, changed, made]) == {
        "counted": 0,
        "repeated": 0,
        "unreadable": 0,
    }
