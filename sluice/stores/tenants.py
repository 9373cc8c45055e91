"""The tenants beside the operating one, kept in the operating tenant's part of the platform table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.domain.errors import AlreadyExists, Conflict, NotFound
from sluice.domain.tenants import OPERATOR, Tenant
from sluice.stores import keys
from sluice.stores.items import ConditionFailed, Items, Page
from sluice.stores.records import from_item


@dataclass(frozen=True)
class TenantStore:
    """The one store whose functions take no tenant first: what it keeps are the tenants."""

    items: Items

    def create(self, name: str, *, by: str) -> Tenant:
        """The new tenant; AlreadyExists when there is, or ever was, one of this name."""
        pk, sk = keys.tenant(name=name)
        made = {"pk": pk, "sk": sk, "name": name, "status": "active", "created_by": by}
        if name == OPERATOR or not self.items.put_new(made):
            raise AlreadyExists(f"there is, or was, a tenant {name!r}: names are not given out again")
        return self.get(name)

    def get(self, name: str) -> Tenant:
        item = self.items.get(keys.tenant(name=name))
        if item is None:
            raise NotFound(f"there is no tenant {name!r}")
        return from_item(Tenant, item)

    def page(self, *, limit: int = 100, start: Mapping[str, str] | None = None) -> Page:
        """By name, deleted ones too."""
        return self.items.query(keys.tenants_partition(), limit=limit, start=start)

    def names(self, *statuses: str) -> list[str]:
        """The operating tenant, and those with one of the statuses (`active` unless said)."""
        found = self.items.query_all(keys.tenants_partition())
        return [OPERATOR, *(item["name"] for item in found if item["status"] in (statuses or ("active",)))]

    def begin_deletion(self, name: str, *, by: str) -> Tenant:
        """From now on its tokens open nothing. Again, or when it is over, it changes nothing."""
        if name == OPERATOR:
            raise Conflict("the operating tenant stays")
        known = self.get(name)
        if known.status != "active":
            return known
        try:
            return self._change(name, "active", status="deleting", deleted_by=by, deleted_at=self.items.now())
        except ConditionFailed:
            return self.get(name)

    def progress(self, name: str, *, removed: Mapping[str, int], cursor: str | None) -> None:
        """Remember how far a deletion is; `cursor` is where it goes on."""
        self._change(name, "deleting", removed=dict(removed), cursor=cursor)

    def conclude_deletion(self, name: str) -> None:
        self._change(name, "deleting", status="deleted", cursor=None)

    def _change(self, name: str, before: str, **changes: object) -> Tenant:
        item = self.items.update(keys.tenant(name=name), changes, expected={"status": before})
        return from_item(Tenant, item)
