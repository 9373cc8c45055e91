"""Registered models with their tags and aliases. Versions hang on a `uid`, so a rename leaves them alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sluice.domain.errors import AlreadyExists, NotFound, Unavailable
from sluice.domain.tracking.entities import RegisteredModel
from sluice.stores.items import ConditionFailed, Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.table import Path, Table
from sluice.stores.tracking.values import ValueStore

GONE = "Deleted_Internal"
"""The stage of a deleted version: its number stays used."""


@dataclass(frozen=True)
class RegistryStore:
    table: Table

    @property
    def values(self) -> ValueStore:
        return ValueStore(self.table)

    def create(
        self, tenant: str, name: str, *, tags: Mapping[str, str] | None = None, description: str = ""
    ) -> RegisteredModel:
        """The new model; AlreadyExists when the name is taken."""
        now = self.table.milliseconds()
        uid = self.table.new_id().replace("-", "")
        item = {
            **self._key(tenant, name),
            "name": name,
            "uid": uid,
            "description": description,
            "creation_time": now,
            "last_update_time": now,
            "last_version": 0,
            "latest": {},
            "aliases": {},
            "tags": self.values.store_all(keys.model_values(tenant=tenant, uid=uid), tags or {}),
        }
        if not self.table.put_new(item):
            raise AlreadyExists(f"Registered Model (name={name}) already exists.")
        return self._read(tenant, item)

    def get(self, tenant: str, name: str) -> RegisteredModel:
        """The model with tags and aliases."""
        return self.read(tenant, name, self.table.get(keys.registered_model(tenant=tenant, name=name)))

    def read(self, tenant: str, name: str, item: Item | None) -> RegisteredModel:
        """The model in its item; NotFound where there is none."""
        if item is None:
            raise _missing(name)
        return self._read(tenant, item)

    def all(self, tenant: str) -> list[RegisteredModel]:
        items = self.table.read(keys.registry_partition(tenant=tenant))
        return [self._read(tenant, item) for item in items]

    def ensure(self, tenant: str, name: str) -> RegisteredModel:
        try:
            return self.get(tenant, name)
        except NotFound:
            pass
        try:
            return self.create(tenant, name)
        except AlreadyExists:
            return self.get(tenant, name)

    def describe(self, tenant: str, name: str, description: str) -> None:
        self._edit(tenant, name, {("description",): description})

    def rename(self, tenant: str, name: str, new_name: str) -> None:
        """Move the model; its versions stay where they are. AlreadyExists when the new name is taken."""

        def attempt() -> None:
            key = keys.registered_model(tenant=tenant, name=name)
            item = self.table.get(key)
            if item is None:
                raise _missing(name)
            moved = {**item, **self._key(tenant, new_name), "name": new_name}
            moved["last_update_time"] = self.table.milliseconds()
            gone = self.table.deleting(key)
            gone["Delete"] |= {
                "ConditionExpression": "rev = :rev",
                "ExpressionAttributeValues": {":rev": {"N": str(item["rev"])}},
            }
            try:
                self.table.transact([self.table.putting(moved), gone], token=self.table.new_id())
            except TransactionRefused as refused:
                if 0 in refused.positions:
                    raise AlreadyExists(f"Registered Model (name={new_name}) already exists.") from refused
                raise

        self.table.until_settled(attempt, retry=(TransactionRefused, Unavailable))

    def delete(self, tenant: str, name: str) -> None:
        """Remove the model; then its versions and values, which nobody finds without it."""
        model = self.get(tenant, name)
        self.table.delete_many([keys.registered_model(tenant=tenant, name=name)])
        for partition in (
            keys.versions_partition(tenant=tenant, uid=model.uid),
            keys.model_values(tenant=tenant, uid=model.uid),
        ):
            self.table.delete_many([(partition, item["sk"]) for item in self.table.read(partition)])

    def set_tag(self, tenant: str, name: str, key: str, value: str) -> None:
        uid = self.get(tenant, name).uid
        stored = self.values.store(keys.model_values(tenant=tenant, uid=uid), value)
        self._edit(tenant, name, {("tags", key): stored})

    def delete_tag(self, tenant: str, name: str, key: str) -> None:
        """As MLflow: the tag need not be there, the model must."""
        self._edit(tenant, name, {}, [("tags", key)])

    def set_alias(self, tenant: str, name: str, alias: str, version: int) -> None:
        """Point the alias at the version, which must exist; whatever it pointed at before loses it."""
        model = self.get(tenant, name)
        key = keys.registered_model(tenant=tenant, name=name)
        writes = [
            self.table.editing(key, {("aliases", alias): version}, uid=model.uid),
            self.table.checking(
                keys.version(tenant=tenant, uid=model.uid, version=version),
                "attribute_exists(pk) AND stage <> :gone",
                gone=GONE,
            ),
        ]
        try:
            self.table.until_settled(
                lambda: self.table.transact(writes, token=self.table.new_id()), retry=(Unavailable,)
            )
        except TransactionRefused as refused:
            if 0 in refused.positions:
                raise _missing(name) from refused
            raise NotFound(f"Model Version (name={name}, version={version}) not found") from refused

    def delete_aliases(self, tenant: str, name: str, aliases: Sequence[str]) -> None:
        self._edit(tenant, name, {}, [("aliases", alias) for alias in aliases])

    def _edit(
        self, tenant: str, name: str, sets: Mapping[Path, object], removes: Sequence[Path] = ()
    ) -> None:
        touched = {**sets, ("last_update_time",): self.table.milliseconds()}
        try:
            self.table.edit(keys.registered_model(tenant=tenant, name=name), touched, removes)
        except ConditionFailed as failed:
            raise _missing(name) from failed

    def _key(self, tenant: str, name: str) -> Item:
        pk, sk = keys.registered_model(tenant=tenant, name=name)
        return {"pk": pk, "sk": sk}

    def _read(self, tenant: str, item: Item) -> RegisteredModel:
        return RegisteredModel(
            name=item["name"],
            uid=item["uid"],
            creation_time=item["creation_time"],
            last_update_time=item["last_update_time"],
            last_version=item["last_version"],
            description=item["description"],
            latest=item["latest"],
            tags=self.values.texts(keys.model_values(tenant=tenant, uid=item["uid"]), item["tags"]),
            aliases=item["aliases"],
        )


def _missing(name: str) -> NotFound:
    return NotFound(f"Registered Model with name={name} not found")
