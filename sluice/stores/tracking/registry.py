"""Registered models with their tags and aliases. Versions hang on a `uid`, so a rename leaves them alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sluice.domain.errors import AlreadyExists, Invalid, NotFound, Unavailable
from sluice.domain.tracking.entities import RegisteredModel
from sluice.stores.items import Item, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.table import Table

_MOVABLE = 49
"""Items of a model that fit one transaction when each is written anew and deleted."""


@dataclass(frozen=True)
class RegistryStore:
    table: Table

    def create(
        self, tenant: str, name: str, *, tags: Mapping[str, str] | None = None, description: str = ""
    ) -> RegisteredModel:
        """The new model; AlreadyExists when the name is taken."""
        now = self.table.milliseconds()
        pk, sk = keys.registered_model(tenant=tenant, name=name)
        item = {
            "pk": pk,
            "sk": sk,
            "name": name,
            "uid": self.table.new_id().replace("-", ""),
            "description": description,
            "creation_time": now,
            "last_update_time": now,
            "last_version": 0,
            "latest": {},
        }
        tag_items = [self._tag(tenant, name, key, value) for key, value in (tags or {}).items()]
        writes = [self.table.putting(item), *(self.table.putting(tag, condition=None) for tag in tag_items)]
        try:
            self.table.transact(writes[:100], token=self.table.new_id())
        except TransactionRefused as refused:
            raise AlreadyExists(f"Registered Model (name={name}) already exists.") from refused
        return _model({**item, "rev": 1}, tag_items)

    def get(self, tenant: str, name: str) -> RegisteredModel:
        """The model with tags and aliases."""
        found = next(iter(self._read(tenant, keys.registered_model_prefix(name=name))), None)
        if found is None:
            raise NotFound(f"Registered Model with name={name} not found")
        return found

    def all(self, tenant: str) -> list[RegisteredModel]:
        return list(self._read(tenant, keys.MODELS))

    def ensure(self, tenant: str, name: str) -> RegisteredModel:
        try:
            return self.get(tenant, name)
        except NotFound:
            pass
        try:
            return self.create(tenant, name)
        except (AlreadyExists, Unavailable):
            return self.get(tenant, name)

    def describe(self, tenant: str, name: str, description: str) -> None:
        changes = {"description": description, "last_update_time": self.table.milliseconds()}
        self._update(tenant, name, changes)

    def rename(self, tenant: str, name: str, new_name: str) -> None:
        """Move the model's items; its versions stay. AlreadyExists when the new name is taken."""
        self.get(tenant, name)
        partition = keys.registry_partition(tenant=tenant)
        old, new = keys.registered_model_prefix(name=name), keys.registered_model_prefix(name=new_name)
        items = list(self.table.read(partition, old))
        if len(items) > _MOVABLE:
            raise Invalid(f"a model with more than {_MOVABLE - 1} tags and aliases cannot be renamed")
        writes: list[Item] = []
        for item in items:
            moved = {**item, "sk": new + item["sk"].removeprefix(old)}
            if moved["sk"].endswith("/0"):
                moved |= {"name": new_name, "last_update_time": self.table.milliseconds()}
            writes += [self.table.putting(moved), self.table.deleting((partition, item["sk"]))]
        try:
            self.table.transact(writes, token=self.table.new_id())
        except TransactionRefused as refused:
            raise AlreadyExists(f"Registered Model (name={new_name}) already exists.") from refused

    def delete(self, tenant: str, name: str) -> None:
        """Remove the model, its versions, tags and aliases: the model first, the rest follows."""
        model = self.get(tenant, name)
        partition = keys.registry_partition(tenant=tenant)
        items = self.table.read(partition, keys.registered_model_prefix(name=name))
        versions = keys.versions_partition(tenant=tenant, uid=model.uid)
        self.table.delete_many([(partition, item["sk"]) for item in items])
        self.table.delete_many([(versions, item["sk"]) for item in self.table.read(versions)])

    def set_tag(self, tenant: str, name: str, key: str, value: str) -> None:
        self._beside(tenant, name, [self.table.putting(self._tag(tenant, name, key, value), condition=None)])

    def delete_tag(self, tenant: str, name: str, key: str) -> None:
        """As MLflow: the tag need not be there, the model must."""
        self.get(tenant, name)
        self.table.delete_many([keys.registered_model_tag(tenant=tenant, name=name, key=key)])

    def set_alias(self, tenant: str, name: str, alias: str, version: int) -> None:
        """Point the alias at the version, which must exist; whatever it pointed at before loses it."""
        model = self.get(tenant, name)
        pk, sk = keys.alias(tenant=tenant, name=name, alias=alias)
        put = self.table.putting({"pk": pk, "sk": sk, "alias": alias, "version": version}, condition=None)
        exists = self.table.checking(
            keys.version(tenant=tenant, uid=model.uid, version=version),
            "attribute_exists(pk) AND stage <> :gone",
            gone="Deleted_Internal",
        )
        missing = f"Model Version (name={name}, version={version}) not found"
        self._beside(tenant, name, [exists, put], missing=missing)

    def delete_alias(self, tenant: str, name: str, alias: str) -> None:
        self.get(tenant, name)
        self.table.delete_many([keys.alias(tenant=tenant, name=name, alias=alias)])

    def _beside(self, tenant: str, name: str, writes: Sequence[Item], missing: str | None = None) -> None:
        """Write beside a model that must exist while this is written."""
        model = self.table.checking(keys.registered_model(tenant=tenant, name=name), "attribute_exists(pk)")

        def attempt() -> None:
            self.table.transact([model, *writes], token=self.table.new_id())

        try:
            self.table.until_settled(attempt, retry=(Unavailable,))
        except TransactionRefused as refused:
            if missing and refused.positions != (0,):
                raise NotFound(missing) from refused
            raise NotFound(f"Registered Model with name={name} not found") from refused

    def _update(self, tenant: str, name: str, changes: Mapping[str, object]) -> None:
        self.get(tenant, name)
        self.table.update(keys.registered_model(tenant=tenant, name=name), changes)

    def _read(self, tenant: str, prefix: str) -> Iterable[RegisteredModel]:
        base: Item | None = None
        beside: list[Item] = []
        for item in self.table.read(keys.registry_partition(tenant=tenant), prefix):
            if keys.registry_part(item["sk"]) != "0":
                beside.append(item)
                continue
            if base:
                yield _model(base, beside)
            base, beside = item, []
        if base:
            yield _model(base, beside)

    def _tag(self, tenant: str, name: str, key: str, value: str) -> Item:
        pk, sk = keys.registered_model_tag(tenant=tenant, name=name, key=key)
        return {"pk": pk, "sk": sk, "key": key, "value": value}


def _model(item: Item, beside: Sequence[Item]) -> RegisteredModel:
    tags: dict[str, str] = {}
    aliases: dict[str, int] = {}
    for other in beside:
        if keys.registry_part(other["sk"]) == "tag":
            tags[other["key"]] = other["value"]
        else:
            aliases[other["alias"]] = other["version"]
    return RegisteredModel(
        name=item["name"],
        uid=item["uid"],
        creation_time=item["creation_time"],
        last_update_time=item["last_update_time"],
        last_version=item["last_version"],
        rev=item["rev"],
        description=item.get("description", ""),
        latest=item.get("latest", {}),
        tags=tags,
        aliases=aliases,
    )
