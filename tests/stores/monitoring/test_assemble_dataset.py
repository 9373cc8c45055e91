"""A retraining's dataset: the champion's rows and the newest word on what was scored since."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.archive_predictions.archive_delivery import archive_delivery
from functions.assemble_dataset.assemble import Wanted, assemble
from functions.check_drift.check_projects import check_projects
from functions.start_training.request_training import request_training
from sluice.domain import frames
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.lineage import dataset_node
from sluice.domain.predictions import ScoredRequest, prediction_id
from sluice.domain.training import Training
from tests.stores.monitoring.world import PROJECT, TENANT, World

BASE = b"""age,income,channel,note,answer
30,0.5,web,old,no
40,-1.25,phone,,yes
50,2,branch,x,no
60,1,web,y,yes
"""
SIDES = [0.0, 1.0, 0.0, 2.0]


@pytest.fixture
def drifted(world: World) -> World:
    """A champion trained on four rows, and a thousand labelled rows whose report asks for a new one."""
    train(world)
    world.push(
        window_rows=1000,
        minimum_rows=1000,
        retraining={"enabled": True, "input_alarms_in_a_row": 1},
    )
    for _ in range(4):
        world.label(world.score(250, moved=3.0), turned=True)
    archive_delivery(world.rooms, world.stream)
    check_projects(world.rooms, {"detail-type": "Scheduled Event"}, "c9")
    return world


def train(world: World, training_id: str = "t1", **changes: Any) -> Training:
    """The record of the training that made the served version."""
    data = world.rooms.artefacts.write("data", f"projects/{PROJECT}/data/data.csv", BASE)
    sides = frames.to_bytes({"side": np.array(SIDES)})
    training = Training(
        training_id=training_id,
        project=PROJECT,
        project_version=1,
        project_digest="p",
        code_digest="none",
        identity=training_id,
        status="queued",
        cause="upload",
        requested_by="ann",
        authenticated=True,
        correlation_id="c1",
        sequencer="1",
        dataset=data,
        artefacts={"sides": world.rooms.artefacts.write("data", f"sides-{training_id}.npz", sides)},
    )
    training = replace(training, **changes)
    assert world.rooms.trainings.enqueue(TENANT, training) is None
    return training


def wanted(world: World) -> Wanted:
    """What the last request for retraining says."""
    event = world.rooms.events.of("RetrainingRequested")[-1]
    detail = {
        "tenant": event.tenant,
        "project": event.project,
        "correlation_id": event.correlation_id,
        "data": event.data,
    }
    return Wanted.from_event(detail)


def assembled(world: World) -> Mapping[str, Any]:
    return world.rooms.events.of("DatasetAssembled")[-1].data


def rows_of(world: World) -> list[str]:
    content = world.rooms.artefacts.read(ArtefactRef(**assembled(world)["dataset"]))
    return gzip.decompress(content).decode().splitlines()


def sides_of(world: World) -> list[float]:
    ref = ArtefactRef(**assembled(world)["split_override"]["sides"])
    sides: list[float] = frames.from_bytes(world.rooms.artefacts.read(ref))["side"].tolist()
    return sides


def say(world: World, request: ScoredRequest, labels: Mapping[int, str]) -> None:
    world.stream = []
    world.say(request, [(prediction_id(request.request_id, row), label) for row, label in labels.items()])
    archive_delivery(world.rooms, world.stream)


def test_old_rows_stay_as_they_are_and_labelled_ones_follow_in_order(drifted: World) -> None:
    assert assemble(drifted.rooms, wanted(drifted)) == "assembled"
    rows = rows_of(drifted)
    # then the old rows come first, untouched
    assert "\n".join(rows[:5]).encode() == BASE.strip()
    # and what was scored follows in its order, without what a request does not carry
    assert len(rows) == 1005
    first = drifted.ledger.get(TENANT, "01900000-0000-7000-8000-000000000001")
    assert first is not None
    age, income, channel, note, answer = rows[5].split(",")
    assert (float(age), float(income), channel) == tuple(first.row(0).values())
    assert note == ""
    assert answer in {"no", "yes"}


def test_the_newest_rows_test_and_no_row_that_tested_trains(drifted: World) -> None:
    assemble(drifted.rooms, wanted(drifted))
    sides = sides_of(drifted)
    assert sides[:4] == [0.0, 2.0, 0.0, 2.0]
    assert sides[4:604] == [0.0] * 600
    assert sides[604:] == [1.0] * 400


def test_the_event_starts_one_training_of_cause_drift(drifted: World) -> None:
    assemble(drifted.rooms, wanted(drifted))
    event = drifted.rooms.events.of("DatasetAssembled")[0]
    detail = {
        "id": "01900000-0000-7000-8000-0000000000ff",
        "type": event.type,
        "project": event.project,
        "correlation_id": event.correlation_id,
        "data": event.data,
    }
    assert request_training(drifted.rooms, TENANT, detail) == "queued"
    made = drifted.rooms.trainings.get(TENANT, PROJECT, event.data["training_id"])
    assert (made.cause, made.status) == ("drift", "queued")  # behind the first one
    assert made.dataset == ArtefactRef(**event.data["dataset"])
    assert made.split_override == event.data["split_override"]


def test_the_same_request_twice_leads_to_one_dataset_and_one_training(drifted: World) -> None:
    assemble(drifted.rooms, wanted(drifted))
    first = assembled(drifted)
    # when more labels come and the request is delivered again
    request = drifted.score(10)
    say(drifted, request, {0: "yes"})
    assemble(drifted.rooms, wanted(drifted))
    # then what was assembled is announced again, and nothing else
    assert assembled(drifted) == first
    assert first["labelled_rows"] == 1000
    actions = [item["action"] for item in drifted.rooms.audit.page(TENANT, PROJECT).items]
    assert actions.count("dataset.assemble") == 1


def test_the_newest_word_on_a_row_counts(drifted: World) -> None:
    # given a row that was labelled twice more
    request = drifted.score(1)
    say(drifted, request, {0: "no"})
    say(drifted, request, {0: "yes"})
    assemble(drifted.rooms, wanted(drifted))
    assert rows_of(drifted)[-1].endswith(",yes")
    assert assembled(drifted)["labelled_rows"] == 1001


def test_rows_that_break_the_contract_are_left_out_and_counted(drifted: World) -> None:
    # given scored rows with a category the contract does not know, an impossible age, and a good one
    request = drifted.score(3)
    spoilt = replace(
        request,
        request_id="01900000-0000-7000-8000-00000000aaaa",
        features={"age": [30.0, 12.0, 40.0], "income": [0.0] * 3, "channel": ["fax", "web", "web"]},
    )
    drifted.ledger.put(TENANT, spoilt)
    say(drifted, spoilt, {0: "yes", 1: "yes", 2: "yes"})
    assemble(drifted.rooms, wanted(drifted))
    assert assembled(drifted)["left_out"]["breaks_contract"] == 2
    assert rows_of(drifted)[-1].startswith("40,0,web,")


def test_labels_that_the_champion_was_trained_with_are_not_taken_twice(drifted: World) -> None:
    # given a champion made from a dataset that has the labels up to now
    now = drifted.rooms.platform.now()
    train(drifted, "t2", split_override={"labels_until": now})
    drifted.serve(version=2, training_id="t2")
    say(drifted, drifted.score(2, version=2), {0: "no", 1: "yes"})
    # and one of the old rows is corrected
    old = drifted.ledger.get(TENANT, "01900000-0000-7000-8000-000000000001")
    assert old is not None
    say(drifted, old, {0: "yes"})
    item = drifted.rooms.drift_reports.get(TENANT, PROJECT, "production", wanted(drifted).report_id)
    assert item is not None
    drifted.rooms.platform.update((item["pk"], item["sk"]), {"model_version": 2})
    # when its retraining is assembled
    assemble(drifted.rooms, wanted(drifted))
    # then only the new rows are added
    assert assembled(drifted)["labelled_rows"] == 2
    assert assembled(drifted)["left_out"]["known_already"] == 1


def test_lineage_leads_from_the_report_and_the_old_data_to_the_new(drifted: World) -> None:
    assemble(drifted.rooms, wanted(drifted))
    node = dataset_node(assembled(drifted)["dataset"]["sha256"])
    found = {(edge.source, edge.relation) for edge in drifted.rooms.lineage.incoming(TENANT, PROJECT, node)}
    assert found == {
        (dataset_node(assembled(drifted)["base_sha256"]), "extended_to"),
        (f"drift:{wanted(drifted).report_id}", "asked_for"),
    }


def test_a_champion_that_was_not_trained_here_has_no_base(drifted: World) -> None:
    drifted.serve(version=3, training_id="unknown")
    item = drifted.rooms.drift_reports.get(TENANT, PROJECT, "production", wanted(drifted).report_id)
    assert item is not None
    drifted.rooms.platform.update((item["pk"], item["sk"]), {"model_version": 3})
    assert assemble(drifted.rooms, wanted(drifted)) == "no_base"
    assert drifted.rooms.events.of("DatasetAssembled") == []


def test_without_usable_labels_nothing_is_made(drifted: World) -> None:
    train(drifted, "t2", split_override={"labels_until": drifted.rooms.platform.now()})
    drifted.serve(version=2, training_id="t2")
    item = drifted.rooms.drift_reports.get(TENANT, PROJECT, "production", wanted(drifted).report_id)
    assert item is not None
    drifted.rooms.platform.update((item["pk"], item["sk"]), {"model_version": 2})
    assert assemble(drifted.rooms, wanted(drifted)) == "no_labels"


@pytest.mark.parametrize("kind", ["DriftDetected", "RetrainingRequested", "DatasetAssembled"])
def test_events_have_the_fields_of_their_schemas(drifted: World, kind: str) -> None:
    assemble(drifted.rooms, wanted(drifted))
    schema = json.loads(Path(f"docs/events/{kind}.json").read_text(encoding="utf-8"))
    expected = schema["properties"]["data"]
    found = json.loads(json.dumps(drifted.rooms.events.of(kind)[0].data))
    assert set(found) == set(expected["required"]) == set(expected["properties"])
    override = expected["properties"].get("split_override", {"required": []})
    assert set(found.get("split_override", {})) == set(override["required"])
