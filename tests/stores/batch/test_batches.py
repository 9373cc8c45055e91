"""A file as a whole: one line a row in its order, the door's own answers, and nothing done twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd
import pytest

from functions.resume_workflows.resume import resume_batches
from functions.score_batch.conclude import conclude
from sluice.scoring.model import LoadedModel, score
from sluice.scoring.signature import enforce
from sluice.scoring.tables import from_csv
from sluice.workflows.batches import receive_file
from tests.stores.batch.scene import (
    COLUMNS,
    PROJECT,
    TENANT,
    BatchRoom,
    as_csv,
    failures,
    go_through,
    outcome,
    parts_of,
    people,
    planned,
    results,
    serve,
)
from tests.stores.deployments import MotoDeployment
from tests.unit.scoring.models import credit_manifest, credit_onnx


@pytest.fixture
def room(deployment: MotoDeployment) -> BatchRoom:
    made = BatchRoom(deployment.environment)
    serve(made)
    return made


def online(content: bytes) -> list[tuple[str, float]]:
    """What the door answers to the same rows at once."""
    model = LoadedModel.load(credit_onnx(), credit_manifest(credit_onnx()))
    scores = score(model, enforce(model.manifest, from_csv(content)).columns)
    assert scores.labels is not None
    assert scores.probabilities is not None
    return list(zip(scores.labels.tolist(), scores.probabilities[:, 1].tolist(), strict=True))


def answers(rows: list[dict[str, Any]]) -> list[tuple[str, float]]:
    return [(row["label"], float(row["probability_1"])) for row in rows]


def test_a_file_in_many_parts_answers_like_the_door_in_the_order_of_the_file(room: BatchRoom) -> None:
    content = as_csv(people(500))

    batch = go_through(room, room.drop(content, part_bytes=1500))

    found = results(room, batch)
    assert (batch.status, batch.rows, batch.scored, batch.failed) == ("succeeded", 500, 500, 0)
    assert len(parts_of(room, batch)) == batch.parts
    assert batch.parts is not None
    assert batch.parts > 5
    assert [row["row"] for row in found] == [str(number) for number in range(500)]
    assert [row["id"] for row in found] == [f"p{number}" for number in range(500)]
    assert answers(found) == online(content)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoted", [False, True])
def test_quoted_line_ends_and_both_line_ends_keep_rows_whole(room: BatchRoom, end: str, quoted: bool) -> None:
    rows = people(60)
    for number in range(0, 60, 3):
        if quoted:
            rows[number][2] = f'a "{number}",{end}next line'
    content = as_csv(rows, end=end)

    batch = go_through(room, room.drop(content, part_bytes=300))

    assert batch.parts is not None
    assert batch.parts > 2
    assert answers(results(room, batch)) == online(content)


def test_lines_of_json_and_row_groups_answer_like_the_same_rows_in_csv(
    room: BatchRoom, tmp_path: Path
) -> None:
    rows = people(300)
    content = as_csv(rows)
    words = {"true": True, "0": False, "1.0": True, "FALSE": False}
    typed = [[name, age or None, purpose or None, words[flag]] for name, age, purpose, flag in rows]
    lines = "\n".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in typed)
    frame = pd.DataFrame(typed, columns=list(COLUMNS)).astype({"age": float, "foreign": bool})
    fastparquet.write(tmp_path / "rows.parquet", frame, row_group_offsets=[0, 100, 200])

    of_lines = go_through(room, room.drop(lines.encode(), "rows.ndjson", part_bytes=2000))
    of_groups = go_through(
        room, room.drop((tmp_path / "rows.parquet").read_bytes(), "rows.parquet", part_bytes=1)
    )

    assert (of_lines.parts, of_groups.parts) == (9, 3)
    assert answers(results(room, of_lines)) == online(content)
    assert answers(results(room, of_groups)) == online(content)
    assert [row["row"] for row in results(room, of_lines)] == list(range(300))
    assert [row["id"] for row in results(room, of_groups)] == [row[0] for row in rows]


def test_a_row_that_cannot_be_scored_keeps_no_other_from_its_answer(room: BatchRoom) -> None:
    rows = people(100)
    rows[3][1] = "old"
    rows[40][1] = 7
    rows[41] = ["p41", 30]
    rows[77][3] = ""

    batch = go_through(room, room.drop(as_csv(rows), part_bytes=1000))

    found, failed = results(room, batch), failures(room, batch)
    assert (batch.status, batch.scored, batch.failed) == ("succeeded", 96, 4)
    assert [row["row"] for row in found] == [str(number) for number in range(100)]
    assert [row["row"] for row in found if not row["label"]] == ["3", "40", "41", "77"]
    assert [(entry["row"], entry["id"], entry["reasons"]) for entry in failed] == [
        (3, "p3", [{"field": "age", "value": "'old'", "expectation": "a number or null"}]),
        (40, "p40", [{"field": "age", "value": "7.0", "expectation": "at least 18"}]),
        (41, None, [{"field": None, "value": None, "expectation": "expected 4 cells, got 2"}]),
        (77, "p77", [{"field": "foreign", "value": "null", "expectation": "true or false"}]),
    ]


@pytest.mark.parametrize(
    ("content", "file", "path"),
    [
        (b"id,age,purpose\n1,2,car\n", "rows.csv", "foreign"),
        (b"id;age\n1;2\n", "rows.csv", "file"),
        (b"age,age\n1,2\n", "rows.csv", "file"),
        (b"id,age,purpose,foreign\n", "rows.csv", "file"),
        (b"id,age,purpose,foreign\r1,2,car,1\r", "rows.csv", "file"),
        (b"", "rows.csv", "file"),
        (b"\x00\x01", "rows.ndjson", "file"),
        (b"PAR1 but not really", "rows.parquet", "file"),
        (b"\x1f\x8b", "rows.csv.gz", "file"),
    ],
)
def test_a_file_that_cannot_be_scored_is_rejected_with_its_reason(
    room: BatchRoom, content: bytes, file: str, path: str
) -> None:
    batch = go_through(room, room.drop(content, file))

    assert batch.status == "rejected"
    assert [reason.path for reason in batch.reasons] == [path]
    assert room.batches.open(TENANT) == []
    told = outcome(room, file)
    assert (told["status"], told["batch_id"]) == ("rejected", batch.batch_id)
    assert [reason["path"] for reason in told["reasons"]] == [path]
    (event,) = room.audit.events(TENANT, PROJECT).values()
    assert event.action == "batch.rejected"


def test_whoever_drops_a_file_finds_its_results_from_its_name(room: BatchRoom) -> None:
    rows = people(100)
    rows[40][1] = 7

    batch = go_through(room, room.drop(as_csv(rows), part_bytes=1000))

    told = outcome(room, "rows.csv")
    assert (told["status"], told["rows"], told["scored"], told["failed"]) == ("succeeded", 100, 99, 1)
    assert told["source"]["version_id"] == batch.version_id
    keys = {
        folder: [ref.key for part in parts_of(room, batch) for ref in getattr(part, folder)]
        for folder in ("results", "failures")
    }
    for folder, below in keys.items():
        assert below
        assert all(key.startswith(told[folder]) for key in below)
    assert told["manifest"] == (batch.manifest.key if batch.manifest else "")


def test_a_batch_that_died_is_started_again_and_does_only_what_is_missing(room: BatchRoom) -> None:
    content = as_csv(people(200))
    batch = room.drop(content, part_bytes=1500)
    go_through(room, batch, leave_out=(2, 3), conclusion=False)
    before = {part.part: part for part in parts_of(room, batch)}
    room.batch_workflow.running.clear()

    resumed = resume_batches(room, TENANT)
    ended = go_through(room, batch)

    assert resumed.moved == [batch.batch_id]
    assert room.batch_workflow.started[-1] == (batch.batch_id, 2)
    assert {2, 3}.isdisjoint(before)
    assert {part.part: part for part in parts_of(room, batch)}.items() >= before.items()
    assert ended.status == "succeeded"
    assert answers(results(room, batch)) == online(content)


def test_a_batch_whose_part_is_missing_has_not_succeeded(room: BatchRoom) -> None:
    batch = go_through(room, room.drop(as_csv(people(200)), part_bytes=1500), leave_out=(1,))

    assert batch.status == "failed"
    assert batch.error == f"{(batch.parts or 0) - 1} of {batch.parts} parts are there"


def test_a_batch_that_broke_says_how_far_it_came(room: BatchRoom) -> None:
    batch = go_through(
        room, room.drop(as_csv(people(200)), part_bytes=1500), leave_out=(1,), conclusion=False
    )

    conclude(room, TENANT, batch, {"error": {"Error": "States.Exceeded", "Cause": "too many"}}, lambda: 0)

    told = outcome(room, "rows.csv")
    assert told["status"] == "failed"
    assert told["error"] == f"{(batch.parts or 0) - 1} of {batch.parts} parts are there: too many"


def test_a_plan_that_runs_out_of_time_goes_on_where_it_stopped(room: BatchRoom) -> None:
    content = as_csv(people(400))

    batch = go_through(room, room.drop(content, part_bytes=1000), left=lambda: 0)

    assert [part["first"] for part in planned(room, batch)] == sorted(
        {part["first"] for part in planned(room, batch)}
    )
    assert answers(results(room, batch)) == online(content)


def test_an_event_that_comes_twice_is_one_batch_with_one_model(room: BatchRoom) -> None:
    key, version = room.put(as_csv(people(10)))

    first, second = (receive_file(room, key, version, "somebody") for _ in range(2))

    assert first is not None
    assert second is not None
    assert first.batch_id == second.batch_id
    assert room.batch_workflow.started == [(first.batch_id, 1)]
    assert first.model is not None
    assert first.model.version == 1


def test_a_file_scored_again_has_the_same_results_to_the_byte(room: BatchRoom) -> None:
    rows = people(200)
    rows[7][1] = "old"

    first, again = (go_through(room, room.drop(as_csv(rows), part_bytes=1500)) for _ in range(2))

    digests = [
        [ref.sha256 for part in parts_of(room, batch) for ref in (*part.results, *part.failures)]
        for batch in (first, again)
    ]
    assert first.batch_id != again.batch_id
    assert digests[0] == digests[1]
    assert len(digests[0]) > 3


def test_a_cancelled_batch_begins_no_part_and_says_so(room: BatchRoom) -> None:
    batch = room.drop(as_csv(people(50)), part_bytes=500)
    room.batches.end(TENANT, batch, "cancelled")

    ended = go_through(room, batch)

    assert ended.status == "cancelled"
    assert parts_of(room, batch) == []
    assert room.batches.open(TENANT) == []


def test_the_manifest_the_lineage_and_the_audit_tell_what_was_scored_with_what(room: BatchRoom) -> None:
    batch = go_through(room, room.drop(as_csv(people(20))))

    assert batch.manifest is not None
    manifest = json.loads(room.artefacts.read(batch.manifest))
    assert manifest["model"]["version"] == 1
    assert (manifest["rows"], manifest["scored"], manifest["failed"]) == (20, 20, 0)
    content = as_csv(people(20))
    assert manifest["source"] == {
        "key": batch.key,
        "version_id": batch.version_id,
        "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "size": len(content),
    }
    edges = room.lineage.incoming(TENANT, PROJECT, f"batch:{batch.batch_id}")
    assert {edge.source for edge in edges} == {"model:credit/1", f"object:{batch.key}@{batch.version_id}"}
    (event,) = room.audit.events(TENANT, PROJECT).values()
    assert (event.action, event.actor) == ("batch.succeeded", "s3:somebody")
    (told,) = room.events.of("BatchConcluded")
    assert told.data["rows"] == 20
