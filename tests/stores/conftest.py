"""Stores over moto: the one place where AWS is imitated inside the test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sluice.stores import clients
from tests.stores.deployments import BUCKETS, REGION, TABLES, MotoDeployment, moto_deployment


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoDeployment]:
    """Empty tables and versioned buckets of this test alone."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    names = {name: name.lower().replace("_", "-") for name in (*TABLES, *BUCKETS)}
    forget_clients()
    with moto_deployment(names | {"EVENT_BUS_NAME": "default", "TRACKING_RETENTION_DAYS": "30"}) as made:
        yield made
    forget_clients()


def forget_clients() -> None:
    """Clients made outside a test's moto would reach nothing."""
    for build in (clients.dynamodb, clients.s3, clients.presigning_s3, clients.events, clients.states):
        build.cache_clear()
