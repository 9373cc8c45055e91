"""Secrets the platform makes for itself: an item in the table of whoever needs it, made at first need.

Items and no SSM parameters: `page_tokens` guards bookmarks of lists that their reader may read anyway,
`entity_keys` wraps keys that lie in another table; neither needs a second grant, and CloudFormation cannot
make a SecureString.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_bytes
from typing import TYPE_CHECKING

from sluice.stores import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm.client import SSMClient

    from sluice.stores.items import Items

PAGE_TOKENS = "page_tokens"
ENTITY_KEYS = "entity_keys"
BUNDLE_SIGNATURES = "bundle_signatures"
CALLBACKS = "callbacks"


@dataclass(frozen=True)
class SecretStore:
    """A secret never changes, so it is read once."""

    items: Items
    random: Callable[[int], bytes] = token_bytes
    _known: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)

    def key(self, tenant: str, name: str) -> bytes:
        """The tenant's secret of that name, 32 bytes; two first calls at once agree on one."""
        if (tenant, name) not in self._known:
            self._known[tenant, name] = self._read_or_make(keys.secret(tenant=tenant, name=name))
        return self._known[tenant, name]

    def _read_or_make(self, place: keys.Key) -> bytes:
        found = self.items.get(place)
        if found is None:
            self.items.put_new({"pk": place[0], "sk": place[1], "value": self.random(32)})
            found = self.items.get(place)
        value: bytes = (found or {})["value"]
        return value


def read_parameter(client: SSMClient, name: str) -> str:
    """A secret that a person put into the parameter store as a SecureString."""
    return client.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")
