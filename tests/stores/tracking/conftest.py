"""A tracking table in moto, of the shape that every table of the platform has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.track_runs.door import Door
from sluice.stores.tracking import Tracking, open_tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
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
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> Any:
    client = boto3.client("dynamodb", region_name="eu-central-1")
    names = ("pk", "sk", "lsi1sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_key("pk", "sk"),
        LocalSecondaryIndexes=[_index("lsi1", "pk", "lsi1sk")],
        GlobalSecondaryIndexes=[_index("gsi1", "gsi1pk", "gsi1sk"), _index("gsi2", "gsi2pk", "gsi2sk")],
    )
    return client


@pytest.fixture
def tracking(dynamodb: Any) -> Tracking:
    return open_tracking(dynamodb, TABLE, clock=Ticking(), chance=last)


def last(count: int) -> int:
    return count - 1


def _key(partition: str, sort: str) -> list[Any]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _index(name: str, partition: str, sort: str) -> Any:
    return {
        "IndexName": name,
        "KeySchema": _key(partition, sort),
        "Projection": {"ProjectionType": "ALL"},
    }


@pytest.fixture
def files(aws: None) -> ArtifactFiles:
    client = boto3.client("s3", region_name="eu-central-1")
    client.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return ArtifactFiles(client, client, "artifacts")


@pytest.fixture
def door(tracking: Tracking, files: ArtifactFiles) -> Door:
    return Door(lambda: tracking, lambda: files)


@pytest.fixture
def client(door: Door) -> Client:
    return Client(door)
