"""What was deleted goes for good, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sluice.stores.tracking import Tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.stores.tracking.garbage import Collected, Collection
from tests.stores.tracking.conftest import TABLE
from tests.stores.tracking.scenes import Client

TENANT = "default"
NEVER = 10**14

Collect = Callable[..., Collected]


@pytest.fixture
def collect(tracking: Tracking, files: ArtifactFiles) -> Collect:
    files.client.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})

    def go(*, before: int = NEVER, pieces: int = 10**6, **how: Any) -> Collected:
        left = iter(range(pieces))
        return Collection(tracking, files, TENANT, lambda: next(left, None) is not None, **how).collect(
            before
        )

    return go


def full_run(client: Client, experiment: str) -> str:
    """A run that has something of every kind."""
    run = client.post("runs/create", experiment_id=experiment).json["run"]["info"]
    run_id = str(run["run_id"])
    client.post("runs/log-batch", run_id=run_id, params=[{"key": "p", "value": "x" * 5_000}])
    client.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=[{"key": f"m{n % 30}", "value": n, "timestamp": n, "step": n} for n in range(200)],
        tags=[{"key": "t", "value": "v"}],
    )
    for content in (b"first", b"second"):
        client.send(
            "PUT",
            f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/a/b.txt",
            content,
            kind="application/octet-stream",
        )
    return run_id


def experiment(client: Client, name: str) -> str:
    return str(client.post("experiments/create", name=name).json["experiment_id"])


def items(dynamodb: Any, text: str) -> list[str]:
    """Keys of every item that names it, notes of changes aside: those expire."""
    found = dynamodb.scan(TableName=TABLE)["Items"]
    names = [f"{one['pk']['S']} {one['sk']['S']}" for one in found if text in json.dumps(one, default=str)]
    return [name for name in names if "#changes#" not in name]


def versions(files: ArtifactFiles, prefix: str) -> int:
    found = files.client.list_object_versions(Bucket="artifacts", Prefix=f"{TENANT}/{prefix}")
    return len(found.get("Versions", []) + found.get("DeleteMarkers", []))


def test_a_deleted_run_goes_with_all_it_has_and_its_neighbour_stays(
    client: Client, collect: Collect, dynamodb: Any, files: ArtifactFiles
) -> None:
    e = experiment(client, "e")
    gone, stays = full_run(client, e), full_run(client, e)
    before = items(dynamodb, stays)
    client.post("runs/delete", run_id=gone)
    client.post("runs/search", experiment_ids=[e], run_view_type="ALL")  # warms the search's cache

    found = collect()

    assert (found.removed["runs"], found.removed["files"], found.following) == (1, 2, None)
    assert items(dynamodb, gone) == []
    assert versions(files, f"{e}/{gone}") == 0
    assert client.get("runs/get", run_id=gone).code == "RESOURCE_DOES_NOT_EXIST"
    seen = client.post("runs/search", experiment_ids=[e], run_view_type="ALL").json["runs"]
    assert [run["info"]["run_id"] for run in seen] == [stays]
    assert items(dynamodb, stays) == before
    assert versions(files, f"{e}/{stays}") == 2
    assert not collect().removed


def test_only_what_was_deleted_long_enough_ago_goes_and_what_was_restored_stays(
    client: Client, collect: Collect, tracking: Tracking
) -> None:
    e = experiment(client, "e")
    old, new, restored = (full_run(client, e) for _ in range(3))
    for run_id in (old, restored):
        client.post("runs/delete", run_id=run_id)
    moment = tracking.table.milliseconds()
    client.post("runs/delete", run_id=new)
    client.post("runs/restore", run_id=restored)

    assert collect(before=moment, dry=True).removed == {"runs": 1}
    assert collect(before=moment).removed["runs"] == 1
    assert client.get("runs/get", run_id=old).status == 404
    client.post("runs/log-metric", run_id=restored, key="m", value=1, timestamp=1)
    assert client.get("runs/get", run_id=restored).json["run"]["info"]["lifecycle_stage"] == "active"
    assert client.post("runs/restore", run_id=new).status == 200


@pytest.mark.parametrize("pieces", [2, 3, 5, 9])
def test_ended_anywhere_it_goes_on(
    client: Client, collect: Collect, dynamodb: Any, files: ArtifactFiles, pieces: int
) -> None:
    e = experiment(client, "e")
    gone = full_run(client, e)
    client.post("experiments/delete", experiment_id=e)

    rounds = 0
    while collect(pieces=pieces).following is not None:
        rounds += 1
        assert rounds < 40

    assert items(dynamodb, gone) == items(dynamodb, e) == []
    assert versions(files, e) == 0
    assert client.post("experiments/create", name="e").status == 200


def test_what_a_registered_version_was_made_from_stays_unless_forced(
    client: Client, collect: Collect
) -> None:
    e = experiment(client, "e")
    run_id = full_run(client, e)
    client.post("registered-models/create", name="m")
    source = f"mlflow-artifacts:/{e}/{run_id}/artifacts/a"
    client.post("model-versions/create", name="m", source=source, run_id=run_id)
    client.post("experiments/delete", experiment_id=e)

    kept = collect()
    assert (kept.removed.total(), dict(kept.kept)) == (0, {"run": 1, "experiment": 1})
    assert kept.reasons[0] == {"kind": "run", "id": run_id, "reason": "model version m/1 was made from it"}
    client.delete("model-versions/delete", name="m", version="1")
    assert collect(dry=True).removed == {"runs": 1, "experiments": 1}
    assert collect(forced=True).removed["experiments"] == 1


def test_the_runs_of_trainings_stay_though_forced(client: Client, collect: Collect) -> None:
    e = experiment(client, "e")
    run_id = full_run(client, e)
    client.post("runs/set-tag", run_id=run_id, key="sluice.training_id", value="t")
    client.post("runs/delete", run_id=run_id)

    assert not collect(forced=True).removed
    assert client.post("runs/restore", run_id=run_id).status == 200


def test_deleted_logged_models_go(client: Client, collect: Collect, dynamodb: Any) -> None:
    e = experiment(client, "e")
    model = client.post("logged-models", experiment_id=e, name="m").json["model"]["info"]["model_id"]
    client.delete(f"logged-models/{model}")

    assert collect().removed == {"models": 1}
    assert items(dynamodb, model) == []
