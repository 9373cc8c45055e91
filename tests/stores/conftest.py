"""Stores over moto: the one place where AWS is imitated inside the test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores.deployments import MotoDeployment, moto_deployment


@pytest.fixture
def deployment() -> Iterator[MotoDeployment]:
    """Empty tables and versioned buckets of this test alone."""
    with moto_deployment() as made:
        yield made
