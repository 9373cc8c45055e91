from __future__ import annotations

import pytest

from tests.stores.control_api.api import Api
from tests.stores.deployments import MotoDeployment


@pytest.fixture
def api(deployment: MotoDeployment) -> Api:
    return Api.over(deployment)
