"""A tracking table in moto, of the shape that every table of the platform has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.track_runs.door import Door
from sluice.stores import clients
from sluice.stores.tracking import Tracking, open_tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from tests.stores.deployments import REGION, create_table, imitated_aws
from tests.stores.tracking.scenes import Client

TABLE = "tracking"


class Ticking:
    """A clock that goes on by a millisecond whenever somebody looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


@pytest.fixture
def aws() -> Iterator[None]:
    with imitated_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> Any:
    create_table(TABLE)
    return clients.dynamodb()


@pytest.fixture
def tracking(dynamodb: Any) -> Tracking:
    return open_tracking(dynamodb, TABLE, clock=Ticking(), chance=last)


def last(count: int) -> int:
    return count - 1


@pytest.fixture
def files(aws: None) -> ArtifactFiles:
    client = clients.s3()
    client.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    return ArtifactFiles(client, client, "artifacts")


@pytest.fixture
def door(tracking: Tracking, files: ArtifactFiles) -> Door:
    return Door(lambda: tracking, lambda: files)


@pytest.fixture
def client(door: Door) -> Client:
    return Client(door)


@pytest.fixture
def experiment(client: Client) -> str:
    return str(client.post("experiments/create", name="credit").json["experiment_id"])


@pytest.fixture
def run_id(client: Client, experiment: str) -> str:
    answer = client.post("runs/create", experiment_id=experiment, start_time=5, user_id="me")
    return str(answer.json["run"]["info"]["run_id"])
