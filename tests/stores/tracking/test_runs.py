from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluice.domain.errors import AlreadyExists, Invalid, NotFound
from sluice.domain.tracking.entities import ACTIVE, DELETED, DatasetInput, Point, Series
from sluice.stores.items import Item
from sluice.stores.tracking import Tracking, keys, open_tracking
from sluice.stores.tracking.keys import Key
from sluice.stores.tracking.runs import NewRun
from tests.stores.tracking.conftest import TABLE, Ticking

TENANT = "default"


def points(count: int, key: str = "loss") -> list[Point]:
    return [Point(Series(key), 1 / (step + 1), 1_000 + step, step) for step in range(count)]


@pytest.fixture
def run_id(tracking: Tracking) -> str:
    experiment = tracking.ensure_experiment(TENANT, "credit")
    return tracking.create_run(TENANT, experiment, name="first", tags={"team": "risk"})


def test_a_run_reads_back_as_it_was_logged(tracking: Tracking, run_id: str) -> None:
    tracking.log_batch(
        TENANT, run_id, metrics={"auc": 0.8, "loss": math.nan}, params={"depth": "3"}, tags={"a": "b"}
    )
    tracking.update_run(TENANT, run_id, status="FINISHED", end_time=5)
    run = tracking.get_run(TENANT, run_id)
    assert (run.status, run.end_time, run.name) == ("FINISHED", 5, "first")
    assert run.params == {"depth": "3"}
    assert run.tags == {"team": "risk", "mlflow.runName": "first", "a": "b"}
    assert run.latest["auc"].value == 0.8
    assert math.isnan(run.latest["loss"].value)
    assert run.artifact_uri == f"mlflow-artifacts:/{run.experiment_id}/{run_id}/artifacts"


def test_creating_a_run_again_under_its_id_changes_nothing(tracking: Tracking) -> None:
    experiment = tracking.ensure_experiment(TENANT, "credit")
    first = tracking.create_run(TENANT, experiment, name="a", run_id="0" * 32)
    again = tracking.create_run(TENANT, experiment, name="b", run_id="0" * 32)
    assert first == again
    assert tracking.get_run(TENANT, first).name == "a"
    with pytest.raises(AlreadyExists):
        tracking.runs.create(TENANT, experiment, NewRun("c", run_id="0" * 32))


def test_points_logged_one_by_one_survive_every_seal(tracking: Tracking, run_id: str) -> None:
    given = points(60)
    for point in given:
        tracking.log_batch(TENANT, run_id, metrics=[point])
    assert tracking.runs.history(TENANT, run_id, "loss") == given
    assert tracking.get_run(TENANT, run_id).latest["loss"] == given[-1]


@pytest.mark.parametrize("keys", [1, 10, 40])
def test_a_large_batch_reads_back_and_repeated_changes_nothing(
    tracking: Tracking, run_id: str, keys: int
) -> None:
    given = [point for number in range(keys) for point in points(1000 // keys, f"m{number}")]
    tracking.log_batch(TENANT, run_id, metrics=given)
    tracking.log_batch(TENANT, run_id, metrics=given)
    assert tracking.runs.history(TENANT, run_id, "m0") == points(1000 // keys, "m0")
    latest = tracking.get_run(TENANT, run_id).latest
    assert latest.keys() == {f"m{number}" for number in range(keys)}
    assert latest["m0"] == points(1000 // keys, "m0")[-1]


def test_the_latest_value_is_the_greatest_step_not_the_last_write(tracking: Tracking, run_id: str) -> None:
    for value, timestamp, step in [(1.0, 5, 3), (2.0, 9, 1), (0.5, 5, 3), (9.0, 4, 3)]:
        tracking.log_batch(TENANT, run_id, metrics=[Point(Series("m"), value, timestamp, step)])
    assert tracking.get_run(TENANT, run_id).latest["m"] == Point(Series("m"), 1.0, 5, 3)


def test_a_changed_param_is_refused_and_the_same_is_fine(tracking: Tracking, run_id: str) -> None:
    tracking.log_batch(TENANT, run_id, params={"depth": "3"})
    tracking.log_batch(TENANT, run_id, params={"depth": "3", "rate": "1"})
    with pytest.raises(Invalid, match="Changing param values"):
        tracking.log_batch(TENANT, run_id, metrics={"m": 1.0}, params={"depth": "4"})
    run = tracking.get_run(TENANT, run_id)
    assert run.params == {"depth": "3", "rate": "1"}
    assert run.latest == {}


def test_a_hundred_params_of_6000_characters_fit(tracking: Tracking, run_id: str) -> None:
    params = {f"p{number}": f"{number:04d}" + "ü" * 5_996 for number in range(100)}
    tracking.log_batch(TENANT, run_id, params=params)
    assert tracking.get_run(TENANT, run_id).params == params
    with pytest.raises(Invalid):
        tracking.log_batch(TENANT, run_id, params={"p0": "x" * 6_000})


def test_documents_overflow_into_further_ones(tracking: Tracking, run_id: str) -> None:
    for batch in range(3):
        tracking.log_batch(TENANT, run_id, params={f"p{batch}-{number}": "x" * 900 for number in range(100)})
    tracking.log_batch(TENANT, run_id, tags={"team": "other"})
    run = tracking.get_run(TENANT, run_id)
    assert len(run.params) == 300
    assert run.tags["team"] == "other"


def test_tags_change_and_go(tracking: Tracking, run_id: str) -> None:
    tracking.log_batch(TENANT, run_id, tags={"team": "x" * 8_000})
    assert tracking.get_run(TENANT, run_id).tags["team"] == "x" * 8_000
    tracking.runs.delete_tag(TENANT, run_id, "team")
    assert "team" not in tracking.get_run(TENANT, run_id).tags
    with pytest.raises(NotFound):
        tracking.runs.delete_tag(TENANT, run_id, "team")


def test_inputs_are_kept_once_with_large_profiles(tracking: Tracking, run_id: str) -> None:
    one = DatasetInput("d", "abc", "local", "s", "{}", "p" * 500_000, (("mlflow.data.context", "training"),))
    tracking.log_inputs(TENANT, run_id, [one])
    tracking.log_inputs(TENANT, run_id, [one])
    assert tracking.get_run(TENANT, run_id).inputs == (one,)


def test_a_deleted_run_takes_nothing_until_it_is_restored(tracking: Tracking, run_id: str) -> None:
    tracking.runs.set_lifecycle(TENANT, run_id, DELETED)
    for write in (
        lambda: tracking.log_batch(TENANT, run_id, metrics={"m": 1.0}),
        lambda: tracking.log_batch(TENANT, run_id, metrics=points(100)),
        lambda: tracking.log_batch(TENANT, run_id, tags={"a": "b"}),
        lambda: tracking.update_run(TENANT, run_id, status="FAILED"),
        lambda: tracking.runs.set_lifecycle(TENANT, run_id, DELETED),
    ):
        with pytest.raises(Invalid, match="'active' state"):
            write()
    assert tracking.get_run(TENANT, run_id).lifecycle_stage == "deleted"
    tracking.runs.set_lifecycle(TENANT, run_id, ACTIVE)
    tracking.log_batch(TENANT, run_id, metrics={"m": 1.0})


def test_tenants_see_nothing_of_each_other(tracking: Tracking, run_id: str) -> None:
    with pytest.raises(NotFound):
        tracking.get_run("other", run_id)
    with pytest.raises(NotFound):
        tracking.log_batch("other", run_id, metrics={"m": 1.0})
    assert [one.name for one in tracking.experiments.all("other")] == ["Default"]


def test_an_unknown_run_is_not_found(tracking: Tracking) -> None:
    with pytest.raises(NotFound):
        tracking.log_batch(TENANT, "f" * 32, metrics={"m": 1.0})


def test_ten_thousand_metric_keys_fit_and_keep_their_latest(tracking: Tracking, run_id: str) -> None:
    for batch in range(10):
        tracking.log_batch(
            TENANT,
            run_id,
            metrics=[Point(Series(f"m{batch}-{key}"), float(key), 1, batch) for key in range(1_000)],
        )
    tracking.log_batch(TENANT, run_id, metrics=[Point(Series("m0-7"), 5.5, 2, 99)])
    latest = tracking.get_run(TENANT, run_id).latest
    assert len(latest) == 10_000
    assert latest["m0-7"].value == 5.5
    assert [point.step for point in tracking.runs.history(TENANT, run_id, "m0-7")] == [0, 99]


def test_a_reader_that_met_an_emptied_tail_before_its_pack_reads_again(
    tracking: Tracking, run_id: str
) -> None:
    owners = tracking.runs.owners
    place = owners.find(TENANT, run_id)
    for point in points(24):
        tracking.log_batch(TENANT, run_id, metrics=[point])
    read_many, hidden = owners.table.read_many, iter([True])

    def without_packs_once(wanted: Iterable[Key]) -> dict[Key, Item]:
        found = read_many(wanted)
        return {
            key: item for key, item in found.items() if "2latest" not in key[1] or not next(hidden, False)
        }

    table = replace(owners.table)
    object.__setattr__(table, "read_many", without_packs_once)
    (items,) = replace(owners, table=table).fetch([place]).values()
    assert any("2latest" in item["sk"] for item in items)


def test_shards_grow_with_runs_and_searches_see_them_all(dynamodb: Any) -> None:
    tracking = open_tracking(dynamodb, TABLE, clock=Ticking(), chance=lambda _: 0)
    experiment = tracking.ensure_experiment(TENANT, "large")
    made = {tracking.create_run(TENANT, experiment, name="a")}
    key = keys.experiment(tenant=TENANT, experiment_id=experiment)
    tracking.table.update(key, {"runs": 14_990})
    for _ in range(3):
        made.add(tracking.create_run(TENANT, experiment, name="b"))
    found = tracking.experiments.get(TENANT, experiment)
    assert found.shards == 4
    runs = tracking.search.of_runs(TENANT, [found], "", "ACTIVE_ONLY", ())
    assert {run.run_id for _, run in runs} == made
    assert len({place.shard for place, _ in runs}) > 1


def test_a_search_after_a_long_pause_reads_the_experiment_whole_again(dynamodb: Any) -> None:
    clock = Ticking()
    tracking = open_tracking(dynamodb, TABLE, clock=clock)
    other = open_tracking(dynamodb, TABLE, clock=clock)
    experiment = tracking.ensure_experiment(TENANT, "credit")

    def found() -> set[str]:
        experiments = [tracking.experiments.get(TENANT, experiment)]
        return {run.name for _, run in tracking.search.of_runs(TENANT, experiments, "", "ALL", ())}

    assert found() == set()
    other.create_run(TENANT, experiment, name="soon")
    clock.moment += timedelta(minutes=5)
    assert found() == {"soon"}
    other.create_run(TENANT, experiment, name="later")
    clock.moment += timedelta(hours=3)
    assert found() == {"soon", "later"}
