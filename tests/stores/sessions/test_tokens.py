from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.domain.tenants import OPERATOR
from sluice.stores.tokens import TokenStore
from tests.stores.deployments import MotoDeployment


class Lagging:
    """A client whose weak reads know nothing yet."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **asked: Any) -> Any:
        return self._client.get_item(**asked) if asked["ConsistentRead"] else {}

    def batch_get_item(self, **asked: Any) -> Any:
        (table,) = asked["RequestItems"].values()
        return self._client.batch_get_item(**asked) if table["ConsistentRead"] else {"Responses": {}}


@pytest.mark.parametrize("tenant", ["acme", OPERATOR])
def test_a_token_opens_from_the_moment_it_is_made(deployment: MotoDeployment, tenant: str) -> None:
    deployment.tenants.create("acme", by="root")
    items = deployment.tenants.items
    client: Any = Lagging(items.client)
    tokens = TokenStore(replace(items, client=client))
    made, _ = tokens.issue(tenant, principal="ann", roles=["viewer"], projects=["*"], by="root")

    found = tokens.find(tenant, made.token_id)

    assert found is not None
    assert found.principal == "ann"
    assert tokens.find(tenant, "0" * 32) is None
