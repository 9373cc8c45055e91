"""Secrets the platform makes for itself: an item in the table of whoever needs it, made at first need.

An item and no SSM parameter: it guards the bookmarks of lists that its reader may read anyway, needs no
second grant, and CloudFormation cannot make a SecureString.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_bytes
from typing import TYPE_CHECKING

from sluice.stores import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluice.stores.items import Items

PAGE_TOKENS = "page_tokens"


@dataclass(frozen=True)
class SecretStore:
    items: Items
    random: Callable[[int], bytes] = token_bytes

    def key(self, tenant: str, name: str) -> bytes:
        """The tenant's secret of that name, 32 bytes; two first calls at once agree on one."""
        place = keys.secret(tenant=tenant, name=name)
        found = self.items.get(place)
        if found is None:
            self.items.put_new({"pk": place[0], "sk": place[1], "value": self.random(32)})
            found = self.items.get(place)
        value: bytes = (found or {})["value"]
        return value
