from __future__ import annotations

import pytest

from tests.stores.deployments import MotoDeployment
from tests.stores.monitoring.world import Rooms, World


@pytest.fixture
def world(deployment: MotoDeployment) -> World:
    """A pushed project with a model in production, and an empty ledger."""
    made = World(Rooms(deployment.environment, deployment.time))
    made.push(window_rows=1000, minimum_rows=1000, retraining={"enabled": True})
    made.serve()
    return made
