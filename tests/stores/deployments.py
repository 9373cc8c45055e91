"""A deployment over moto: real stores, and an event bus and workflows that remember what they were told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from moto import mock_aws

from sluice.domain.event import Event
from sluice.stores import clients
from sluice.stores.deployment import Deployment
from sluice.stores.items import Items

REGION: Final = "eu-central-1"
EVENTS = Path(__file__).parents[2] / "docs" / "events"
TABLES = ("PLATFORM_TABLE", "TRACKING_TABLE", "LEDGER_TABLE", "AUDIT_TABLE")
BUCKETS = ("DATA_BUCKET", "ARTIFACTS_BUCKET", "ARCHIVE_BUCKET", "AUDIT_BUCKET")


@dataclass
class RememberedEvents:
    published: list[Event] = field(default_factory=list)

    def publish(self, event: Event) -> str:
        """Holds every event that a test leads to against its published schema."""
        schema = json.loads((EVENTS / f"{event.type}.json").read_text())["properties"]["data"]
        assert set(schema["required"]) <= set(event.data) <= set(schema["properties"]), event
        self.published.append(event)
        return f"event-{len(self.published)}"

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.published if event.type == kind]


@dataclass
class RememberedWorkflow:
    """`running` holds (record id, attempt); a test ends an execution by removing it."""

    running: set[tuple[str, int]] = field(default_factory=set)
    started: list[tuple[str, int]] = field(default_factory=list)
    woken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    known_tokens: set[str] = field(default_factory=set)

    def start(self, *, tenant: str, project: str, kind: str, record_id: str, attempt: int) -> None:
        if (record_id, attempt) not in self.started:
            self.started.append((record_id, attempt))
            self.running.add((record_id, attempt))

    def is_running(self, record_id: str, attempt: int) -> bool:
        return (record_id, attempt) in self.running

    def wake(self, task_token: str, output: dict[str, Any]) -> bool:
        self.woken.append((task_token, output))
        return task_token in self.known_tokens


@dataclass(frozen=True)
class MotoDeployment(Deployment):
    """The clock stands still until a test moves it."""

    time: list[datetime] = field(default_factory=lambda: [datetime(2026, 11, 23, 10, tzinfo=UTC)])

    def clock(self) -> datetime:
        self.time[0] += timedelta(milliseconds=1)
        return self.time[0]

    def pass_time(self, **parts: float) -> None:
        self.time[0] += timedelta(**parts)

    def _items(self, variable: str) -> Items:
        return Items(clients.dynamodb(), self.setting(variable), self.clock)

    @cached_property
    def events(self) -> RememberedEvents:  # type: ignore[override]
        return RememberedEvents()

    @cached_property
    def training_workflow(self) -> RememberedWorkflow:  # type: ignore[override]
        return RememberedWorkflow()

    @cached_property
    def promotion_workflow(self) -> RememberedWorkflow:  # type: ignore[override]
        return RememberedWorkflow()

    @cached_property
    def batch_workflow(self) -> RememberedWorkflow:  # type: ignore[override]
        return RememberedWorkflow()


@contextmanager
def imitated_aws() -> Iterator[None]:
    """An empty AWS. Clients are those of the last one: to make them takes longer than a test."""
    secrets = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    environment = {**dict.fromkeys(secrets, "testing"), "AWS_DEFAULT_REGION": REGION}
    with patch.dict(os.environ, environment), mock_aws():
        os.environ.pop("AWS_ENDPOINT_URL", None)
        yield


@contextmanager
def moto_deployment() -> Iterator[MotoDeployment]:
    environment = {name: name.lower().replace("_", "-") for name in (*TABLES, *BUCKETS)}
    environment |= {"EVENT_BUS_NAME": "default", "TRACKING_RETENTION_DAYS": "30"}
    with imitated_aws():
        for name in TABLES:
            create_table(environment[name])
        s3 = clients.s3()
        place: Any = {"LocationConstraint": REGION}
        for name in BUCKETS:
            s3.create_bucket(Bucket=environment[name], CreateBucketConfiguration=place)
            s3.put_bucket_versioning(Bucket=environment[name], VersioningConfiguration={"Status": "Enabled"})
        yield MotoDeployment(environment)


def create_table(name: str) -> None:
    """A table of the one shape that all four have."""
    texts = ("pk", "sk", "lsi1sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")

    def index(label: str, partition: str, order: str) -> Any:
        return {
            "IndexName": label,
            "KeySchema": _schema(partition, order),
            "Projection": {"ProjectionType": "ALL"},
        }

    clients.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": text, "AttributeType": "S"} for text in texts],
        KeySchema=_schema("pk", "sk"),
        LocalSecondaryIndexes=[index("lsi1", "pk", "lsi1sk")],
        GlobalSecondaryIndexes=[index("gsi1", "gsi1pk", "gsi1sk"), index("gsi2", "gsi2pk", "gsi2sk")],
    )


def _schema(partition: str, order: str) -> Any:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": order, "KeyType": "RANGE"},
    ]
