"""Records of one kind in their project's partition: read, listed, and found while they are under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from sluice.domain.errors import NotFound
from sluice.stores import keys
from sluice.stores.items import Item, Items, Page
from sluice.stores.records import from_item, to_attributes

Record = TypeVar("Record")


@dataclass(frozen=True)
class ProjectRecords(Generic[Record]):
    """`kind` begins their keys, people say `called`; an id is the field `{kind}_id`, sorted by time."""

    items: Items
    kind: ClassVar[str]
    called: ClassVar[str] = ""
    record: ClassVar[type[Any]]

    def find(self, tenant: str, project: str, record_id: str) -> Record | None:
        key = keys.record(tenant=tenant, project=project, kind=self.kind, record_id=record_id)
        item = self.items.get(key)
        return from_item(self.record, item) if item else None

    def get(self, tenant: str, project: str, record_id: str) -> Record:
        found = self.find(tenant, project, record_id)
        if found is None:
            raise NotFound(f"project {project!r} has no {self.called or self.kind} {record_id}")
        return found

    def page(
        self, tenant: str, project: str, *, limit: int = 100, start: Mapping[str, str] | None = None
    ) -> Page:
        """Newest first."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return self.items.query(partition, prefix=f"{self.kind}#", limit=limit, start=start, descending=True)

    def open(self, tenant: str) -> list[Record]:
        """Every record that is not at its end."""
        partition = keys.open_partition(tenant=tenant)
        found = self.items.query_all(partition, prefix=f"{self.kind}#", index="gsi1")
        return [from_item(self.record, item) for item in found]

    def _id(self, record: Any) -> str:  # noqa: ANN401 - a Record, which has this field
        return str(getattr(record, f"{self.kind}_id"))

    def _key(self, tenant: str, record: Any) -> keys.Key:  # noqa: ANN401
        return keys.record(tenant=tenant, project=record.project, kind=self.kind, record_id=self._id(record))

    def _new(self, tenant: str, record: Any) -> Item:  # noqa: ANN401
        """The item of a record that begins."""
        pk, sk = self._key(tenant, record)
        now = self.items.now()
        return {"pk": pk, "sk": sk, **to_attributes(record), "created_at": now, "updated_at": now}

    def _new_open(self, tenant: str, record: Any) -> Item:  # noqa: ANN401
        """The same of one that `open` gives until the attributes of this index are removed."""
        place = keys.open_record(kind=self.kind, project=record.project, record_id=self._id(record))
        return {
            **self._new(tenant, record),
            "gsi1pk": keys.open_partition(tenant=tenant),
            "gsi1sk": place,
        }
