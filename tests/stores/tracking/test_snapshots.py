"""Snapshots: cold searches begin from them and miss nothing; they mend themselves, builders do not clash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.snapshot_runs.read_notes import read_notes
from functions.snapshot_runs.refresh_snapshot import MANY, refresh_snapshot
from sluice.domain.tracking.entities import DELETED
from sluice.stores.tracking import Tracking, keys, open_tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.stores.tracking.logged_models import NewLoggedModel
from sluice.stores.tracking.snapshots import Snapshots
from tests.stores.tracking.conftest import TABLE, Ticking
from tests.stores.tracking.test_requests import Counting

TENANT = "default"


class World:
    """A table with notes in it, and functions that come and go."""

    def __init__(self, dynamodb: Any, files: ArtifactFiles) -> None:
        self.clock, self.s3, self.bucket = Ticking(), files.client, files.bucket
        self.counting = Counting(dynamodb)
        self.writer = self.function()
        self.experiment = self.writer.ensure_experiment(TENANT, "credit")

    def function(self) -> Tracking:
        """A fresh environment: nothing is warm."""
        return open_tracking(
            self.counting,  # type: ignore[arg-type]
            TABLE,
            clock=self.clock,
            snapshots=lambda table: Snapshots(table, lambda: self.s3, self.bucket),
        )

    @property
    def snapshots(self) -> Snapshots:
        found = self.writer.snapshots
        assert found
        return found

    def refresh(self, *, asked: bool = True) -> str:
        return refresh_snapshot(self.function(), self.snapshots, TENANT, self.experiment, asked=asked)

    def names(self, tracking: Tracking | None = None, text: str = "", view: Any = "ACTIVE_ONLY") -> list[str]:
        cold = tracking or self.function()
        experiments = cold.search.experiments_of(TENANT, [self.experiment])
        return sorted(run.name for _, run in cold.search.of_runs(TENANT, experiments, text, view, ()))

    def later(self, **passed: float) -> None:
        self.clock.moment += timedelta(**passed)

    def objects(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def counted(self, act: Callable[[], Any]) -> list[str]:
        self.counting.calls.clear()
        act()
        return list(self.counting.calls)


@pytest.fixture
def world(dynamodb: Any, files: ArtifactFiles) -> World:
    return World(dynamodb, files)


def run(world: World, name: str, **logged: Any) -> str:
    run_id = world.writer.create_run(TENANT, world.experiment, name=name)
    if logged:
        world.writer.log_batch(TENANT, run_id, **logged)
    return run_id


def test_a_cold_search_reads_the_snapshot_and_no_shard(world: World) -> None:
    for number in range(40):
        run(world, f"r{number:02d}", metrics={"auc": number / 40}, params={"depth": str(number)})
    assert world.refresh() == "written"
    world.later(minutes=5)
    world.refresh()

    calls = world.counted(lambda: world.names(text="metrics.auc >= 0.9"))

    assert calls == ["get_item", "get_item"]
    assert world.names(text="metrics.auc >= 0.9 AND params.depth != '39'") == ["r36", "r37", "r38"]


def test_a_cold_search_sees_what_came_after_the_snapshot(world: World) -> None:
    kept, gone, ended = run(world, "kept"), run(world, "gone"), run(world, "ended")
    world.refresh()
    world.later(seconds=90)
    run(world, "new", metrics={"auc": 1.0})
    world.writer.runs.set_lifecycle(TENANT, gone, DELETED)
    world.writer.log_batch(TENANT, kept, metrics={"auc": 0.5})
    place = world.writer.runs.owners.find(TENANT, ended)
    world.writer.changes.note(place)
    world.writer.table.delete_many([place.head, place.document(0)])

    for moment in ("before the next snapshot", "after it"):
        assert world.names() == ["kept", "new"], moment
        assert world.names(text="metrics.auc > 0.4") == ["kept", "new"], moment
        assert world.names(view="DELETED_ONLY") == ["gone"], moment
        world.refresh()


def test_a_change_in_the_moment_of_the_snapshot_is_not_lost(world: World) -> None:
    run_id = run(world, "a")
    place = world.writer.runs.owners.find(TENANT, run_id)
    world.later(seconds=30)
    world.writer.changes.note(place)
    world.refresh()
    world.later(seconds=2)
    world.writer.log_batch(TENANT, run_id, metrics={"auc": 0.5})

    assert world.names(text="metrics.auc = 0.5") == ["a"]
    world.later(hours=5)
    assert world.names(text="metrics.auc = 0.5") == ["a"]
    assert world.refresh() == "written"
    world.later(days=30)
    calls = world.counted(lambda: world.names(text="metrics.auc = 0.5"))
    assert calls == ["get_item", "get_item"]


@pytest.mark.long
def test_what_notes_cannot_tell_any_more_is_read_whole_and_mended(world: World) -> None:
    run(world, "a")
    world.refresh()
    world.later(minutes=2)
    run(world, "b")
    world.later(days=10)

    assert world.names() == ["a", "b"]
    assert world.writer.table.get(
        keys.snapshot_asked(tenant=TENANT, experiment_id=world.experiment, kind="asked")
    )
    assert world.refresh() == "written"
    assert world.counted(world.names) == ["get_item", "get_item"]


@pytest.mark.parametrize("damage", ["missing", "cut", "older"])
def test_a_damaged_snapshot_is_ignored_and_built_again(world: World, damage: str) -> None:
    run(world, "a")
    world.refresh()
    world.later(minutes=5)
    for key in world.objects():
        if damage == "missing":
            world.s3.delete_object(Bucket=world.bucket, Key=key)
        else:
            world.s3.put_object(Bucket=world.bucket, Key=key, Body=b"" if damage == "cut" else b"x" * 90)
    run(world, "b")

    assert world.names() == ["a", "b"]
    world.refresh()
    world.later(minutes=5)
    world.refresh()
    assert world.counted(world.names) == ["get_item", "get_item"]
    assert world.names() == ["a", "b"]


@pytest.mark.long
def test_of_two_builders_one_wins_and_nothing_is_left_behind(world: World) -> None:
    run(world, "a")
    world.refresh()
    world.later(minutes=2)
    run(world, "b")
    slow = world.function()
    move, other = world.snapshots.move, iter([True])

    def overtaken(*arguments: Any) -> bool:
        if next(other, False):
            assert world.refresh() == "written"
        return move(*arguments)

    hindered = replace(world.snapshots)
    object.__setattr__(hindered, "move", overtaken)

    assert refresh_snapshot(slow, hindered, TENANT, world.experiment, asked=True) == "overtaken"
    assert world.names() == ["a", "b"]
    world.later(minutes=2)
    world.refresh()
    manifest = world.snapshots.manifest(TENANT, world.experiment)
    assert manifest
    named = {name for name in (*manifest.objects.values(), *manifest.replaced) if name}
    assert {key.rpartition("/")[2] for key in world.objects()} == named


@pytest.mark.long
def test_a_build_that_was_cut_short_goes_on(world: World) -> None:
    key = keys.experiment(tenant=TENANT, experiment_id=world.experiment)
    world.writer.table.update(key, {"shards": 6})
    made = [f"r{number}" for number in range(12)]
    for name in made:
        run(world, name)

    class CutError(Exception):
        pass

    moves, move = iter([True]), world.snapshots.move

    def cut(*arguments: Any) -> bool:
        if next(moves, False):
            return move(*arguments)
        raise CutError

    hindered = replace(world.snapshots)
    object.__setattr__(hindered, "move", cut)
    with pytest.raises(CutError):
        refresh_snapshot(world.function(), hindered, TENANT, world.experiment, asked=True)
    assert world.names() == sorted(made)

    assert world.refresh(asked=False) == "written"
    manifest = world.snapshots.manifest(TENANT, world.experiment)
    assert manifest
    assert len(manifest.objects) == 12
    assert world.names() == sorted(made)


@pytest.mark.long
def test_a_young_snapshot_is_left_alone_until_much_has_changed(world: World) -> None:
    run_id = run(world, "a")
    assert world.refresh(asked=False) == "written"
    run(world, "b")
    assert world.refresh(asked=False) == "young"
    place = world.writer.runs.owners.find(TENANT, run_id)
    world.writer.table.put_many(
        [world.writer.changes.noting(replace(place, name=f"{number:032x}")) for number in range(MANY)]
    )
    assert world.refresh(asked=False) == "written"
    world.later(seconds=61)
    assert world.refresh(asked=False) == "written"


def test_logged_models_and_large_values_and_datasets(world: World) -> None:
    run(world, "a", params={"query": "x" * 5_000})
    model = NewLoggedModel("m", params={"text": "y" * 5_000}, tags={"team": "a"})
    world.writer.models.create(TENANT, world.experiment, model)
    world.refresh()
    world.later(minutes=5)
    cold = world.function()
    experiments = cold.search.experiments_of(TENANT, [world.experiment])

    assert world.names(cold, text=f"params.query = '{'x' * 5_000}'") == ["a"]
    ((_, found),) = cold.search.of_models(TENANT, experiments, "tags.team = 'a'", (), ())
    assert found.name == "m"
    assert cold.models.resolve(cold.search.of_models(TENANT, experiments, "", (), ())[:1])[0].params == {
        "text": "y" * 5_000
    }
    world.writer.experiments.set_lifecycle(TENANT, world.experiment, DELETED)
    assert world.names(cold) == []
    assert world.names(view="DELETED_ONLY") == ["a"]


def test_an_experiment_that_is_gone_takes_its_snapshot_along(world: World) -> None:
    run(world, "a")
    world.refresh()
    assert world.objects()
    world.writer.table.delete_many([keys.experiment(tenant=TENANT, experiment_id=world.experiment)])

    assert world.refresh() == "gone"
    assert world.objects() == []


def test_a_stream_says_which_experiments_to_look_at() -> None:
    def record(pk: str, sk: str, **image: Any) -> dict[str, Any]:
        given = {"NewImage": {"kind": {"S": image["kind"]}}} if image else {}
        return {"dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}, **given}}

    found = read_notes(
        [
            record("a#changes#1#2026-11-23T10:00", "2026#run#r", kind="run"),
            record("a#changes#1#2026-11-23T10:01", "2026#model#m", kind="model"),
            record("b#experiment#2", "snapshot-later"),
            record("b#experiment#2", "value#abc#000"),
            record("b#exp#2#0000", "run#r#0head"),
            {"eventName": "INSERT"},
            record("c#experiments", "3"),
            {**record("c#experiments", "4"), "eventName": "REMOVE"},
        ]
    )
    assert found == [("a", "1", False), ("b", "2", True), ("c", "4", True)]
