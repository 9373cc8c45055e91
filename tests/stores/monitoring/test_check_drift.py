"""Windows close, are judged and reported once, whoever checks and wherever a check stops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.archive_predictions.archive_delivery import archive_delivery
from functions.check_drift.check_projects import check_projects
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import SluiceError, Unavailable
from sluice.domain.event import Event
from tests.stores.monitoring.world import PROJECT, TENANT, Rooms, World

SCHEDULED = {"detail-type": "Scheduled Event", "detail": {}}
REQUESTED = {
    "detail-type": "DriftCheckRequested",
    "detail": {
        "tenant": TENANT,
        "project": PROJECT,
        "correlation_id": "asked",
        "data": {"environment": "production"},
    },
}


def live(world: World, rows: int = 1000, *, moved: float = 0.0, turned: bool = False) -> None:
    """Rows scored in requests of 250, each labelled, all of it archived."""
    world.stream = []
    for _ in range(rows // 250):
        request = world.score(250, moved=moved)
        world.label(request, turned=turned)
    archive_delivery(world.rooms, world.stream)


def check(world: World, event: dict[str, Any] = SCHEDULED) -> list[dict[str, Any]]:
    """The reports this check made."""
    made = check_projects(world.rooms, event, "c9")
    return [report(world, report_id) for report_id in made]


def report(world: World, report_id: str) -> dict[str, Any]:
    item = world.rooms.drift_reports.get(TENANT, PROJECT, "production", report_id)
    assert item is not None
    document: dict[str, Any] = json.loads(item["document"])
    return document


def told(world: World, kind: str) -> list[str]:
    return [event.data["report_id"] for event in world.rooms.events.of(kind)]


def test_a_quiet_window_gives_a_report_and_no_alarm(world: World) -> None:
    live(world)
    (found,) = check(world)
    assert found["report_id"] == "production-000001-000001"
    assert (found["level"], found["quality"]["verdict"]) == ("ok", "inside")
    assert (found["window"]["rows"], found["window"]["labels"]) == (1000, 1000)
    assert found["inputs"]["alarms"] == []
    assert "policy: no retraining" in found["sentences"][-1]
    assert world.rooms.events.published == []


def test_drift_with_harm_asks_for_retraining_once(world: World) -> None:
    # given two drifted windows whose labels turned round
    live(world, moved=3.0, turned=True)
    (first,) = check(world)
    live(world, moved=3.0, turned=True)
    (second,) = check(world)
    # then both are told of, and the second alarm in a row asks for a new model
    assert (first["inputs"]["alarms_in_a_row"], second["inputs"]["alarms_in_a_row"]) == (1, 2)
    assert (first["policy"]["retrain"], second["policy"]["retrain"]) == (False, True)
    assert told(world, "DriftDetected") == [first["report_id"], second["report_id"]]
    assert told(world, "RetrainingRequested") == [second["report_id"]]
    actions = [item["action"] for item in world.rooms.audit.page(TENANT, PROJECT).items]
    assert sorted(actions) == ["drift.detect", "drift.detect", "retraining.request"]


def test_after_asking_new_labels_are_needed_before_asking_again(world: World) -> None:
    # given a project that wants 1,500 labels for a new model
    policy = {"enabled": True, "minimum_new_labels": 1500}
    world.push(window_rows=1000, minimum_rows=1000, retraining=policy)
    for _ in range(4):
        live(world, moved=3.0, turned=True)
        check(world)
    # then the windows with 2,000 and 4,000 labels ask, those between do not
    assert told(world, "RetrainingRequested") == ["production-000001-000002", "production-000001-000004"]


def test_drift_without_harm_is_a_finding(world: World) -> None:
    for _ in range(2):
        live(world, moved=3.0)
        (found,) = check(world)
    assert found["level"] == "alarm"
    assert found["quality"]["verdict"] == "inside"
    assert told(world, "RetrainingRequested") == []


def test_harm_without_drift_is_told_of_and_asks_for_nothing(world: World) -> None:
    live(world, turned=True)
    (found,) = check(world)
    assert (found["level"], found["quality"]["verdict"]) == ("ok", "worse")
    assert told(world, "DriftDetected") == [found["report_id"]]
    assert told(world, "RetrainingRequested") == []


def test_an_alarm_that_passes_starts_the_row_again(world: World) -> None:
    for moved in (3.0, 0.0, 3.0):
        live(world, moved=moved)
        (found,) = check(world)
    assert found["inputs"]["alarms_in_a_row"] == 1


def test_a_second_check_finds_nothing_to_do(world: World) -> None:
    live(world, moved=3.0)
    assert len(check(world)) == 1
    assert check(world) == []
    assert len(told(world, "DriftDetected")) == 1


def test_windows_that_filled_meanwhile_are_closed_one_by_one(world: World) -> None:
    live(world, rows=3250)
    found = check(world)
    assert [each["window"]["rows"] for each in found] == [1000, 1000, 1000]
    (progress,) = world.rooms.counts.progress(TENANT, PROJECT)
    assert (progress.windows, progress.rows_open, progress.labels_open) == (3, 250, 250)


def test_versions_with_nothing_open_are_not_looked_at_again(world: World) -> None:
    live(world)
    assert world.rooms.counts.open_windows(TENANT, PROJECT) == [("production", 1)]
    check(world)
    assert world.rooms.counts.open_windows(TENANT, PROJECT) == []


def test_what_was_counted_and_not_taken_in_shows_as_progress(world: World) -> None:
    live(world, rows=500)
    (progress,) = world.rooms.counts.progress(TENANT, PROJECT)
    assert (progress.windows, progress.rows_open, progress.labels_open) == (0, 500, 500)
    check(world)
    assert world.rooms.counts.progress(TENANT, PROJECT) == [progress]


def test_a_request_closes_a_window_with_rows_enough(world: World) -> None:
    world.push(window_rows=5000, minimum_rows=1000)
    live(world, rows=750)
    assert check(world, REQUESTED) == []
    live(world, rows=500)
    assert check(world) == []
    (found,) = check(world, REQUESTED)
    assert found["window"]["rows"] == 1250


def test_time_closes_a_window_with_rows_enough(world: World) -> None:
    world.push(window_rows=5000, minimum_rows=1000, window_hours=24)
    live(world, rows=1000)
    assert check(world) == []
    world.rooms.pass_time(hours=24)
    assert [each["window"]["rows"] for each in check(world)] == [1000]


def test_a_request_for_another_environment_leaves_this_one(world: World) -> None:
    live(world)
    detail = {**REQUESTED["detail"], "data": {"environment": "staging"}}  # type: ignore[dict-item]
    assert check(world, {**REQUESTED, "detail": detail}) == []


def test_the_whole_report_is_in_the_archive_under_its_digest(world: World) -> None:
    live(world, moved=3.0)
    (found,) = check(world)
    item = world.rooms.drift_reports.get(TENANT, PROJECT, "production", found["report_id"])
    assert item is not None
    whole = json.loads(world.rooms.artefacts.read(ArtefactRef(**item["full"])))
    income = whole["inputs"]["features"][0]
    assert income["name"] == "income"
    assert sum(each["window"] for each in income["bins"]) == 1000
    assert "bins" not in found["inputs"]["features"][0]


def test_late_labels_count_for_the_window_that_is_open_when_they_come(world: World) -> None:
    # given a window that closes before its labels come
    requests = [world.score(250) for _ in range(4)]
    archive_delivery(world.rooms, world.stream)
    (first,) = check(world)
    assert first["quality"]["verdict"] == "too_few_labels"
    # when they come with the next window
    world.stream = []
    for request in requests:
        world.label(request)
    archive_delivery(world.rooms, world.stream)
    live(world)
    (second,) = check(world)
    # then all are judged there
    assert second["quality"]["labels"] == 2000


def test_another_version_serving_the_most_is_not_retrained(world: World) -> None:
    world.serve(version=2)
    for _ in range(2):
        live(world, moved=3.0, turned=True)
        (found,) = check(world)
    failing = [clause["name"] for clause in found["policy"]["clauses"] if not clause["holds"]]
    assert failing == ["champion"]


class DeafBus:
    """Takes nothing."""

    def publish(self, event: Event) -> str:
        raise Unavailable(f"the event bus refused {event.type}")


def test_a_report_whose_event_got_lost_is_told_of_at_the_next_check(world: World) -> None:
    live(world, moved=3.0)
    # given a bus that takes nothing
    deaf = Rooms(world.rooms.environment, world.rooms.time)
    vars(deaf)["events"] = DeafBus()
    with pytest.raises(Unavailable):
        check_projects(deaf, SCHEDULED, "c9")
    # when the next check comes
    assert check(world) == []
    # then the report is there and told of, and audited once
    assert told(world, "DriftDetected") == ["production-000001-000001"]
    actions = [item["action"] for item in world.rooms.audit.page(TENANT, PROJECT).items]
    assert actions == ["drift.detect"]


def test_two_checks_at_once_make_one_report(world: World) -> None:
    # given a check that is overtaken between reading and writing
    live(world, moved=3.0)
    slow = Rooms(world.rooms.environment, world.rooms.time)
    vars(slow)["events"] = world.rooms.events
    read = slow.artefacts.write
    others: list[list[dict[str, Any]]] = []

    def overtaken(*arguments: Any, **named: Any) -> ArtefactRef:
        if not others:
            others.append(check(world))
        return read(*arguments, **named)

    vars(slow)["artefacts"] = _Overtaken(slow.artefacts, overtaken)
    assert check_projects(slow, SCHEDULED, "c9") == []
    assert len(others[0]) == 1
    assert told(world, "DriftDetected") == ["production-000001-000001"]


class _Overtaken:
    """An artefact store during whose writes something happens."""

    def __init__(self, store: Any, write: Any) -> None:
        self.read = store.read
        self.write = write


def test_a_project_that_cannot_be_checked_does_not_stop_the_others(world: World) -> None:
    # given a project before this one whose specification cannot be read any more
    key = ("default#project#broken", "project")
    index = {"gsi1pk": "default#projects", "gsi1sk": "aaa", "name": "aaa"}
    world.rooms.platform.put({"pk": key[0], "sk": key[1], **index})
    live(world)
    chunk = world.rooms.counts.pending(TENANT, PROJECT, "production", 1, limit=1)[0][0]
    world.rooms.counts.record_delivery(TENANT, ["default/x"], [(TENANT, _of(chunk, "aaa"))])
    world.rooms.models.add(TENANT, _model_of(world, "aaa"))
    # when all are checked
    with pytest.raises(SluiceError):
        check_projects(world.rooms, SCHEDULED, "c9")
    # then this one has its report
    assert report(world, "production-000001-000001")["level"] == "ok"


def _of(chunk: Any, project: str) -> Any:
    return type(chunk)(**{name: getattr(chunk, name) for name in chunk.__slots__} | {"project": project})


def _model_of(world: World, project: str) -> Any:
    model = world.rooms.models.get(TENANT, PROJECT, 1)
    return type(model)(**{name: getattr(model, name) for name in model.__slots__} | {"project": project})
