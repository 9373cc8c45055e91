"""Model versions: numbers without gaps, one per token, kept under their model's `uid`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sluice.domain.errors import Conflict, NotFound, Unavailable
from sluice.domain.tracking.entities import ModelVersion, RegisteredModel
from sluice.stores.items import Item, Key, TransactionRefused
from sluice.stores.tracking import keys
from sluice.stores.tracking.registry import GONE, RegistryStore
from sluice.stores.tracking.table import Path, Table
from sluice.stores.tracking.values import ValueStore

NO_STAGE = "None"
_REMEMBERED = 10_000
_WAITING: tuple[Path, ...] = (("gsi2pk",), ("gsi2sk",))


@dataclass(frozen=True)
class NewVersion:
    """`token` makes a repeated registration give the same version; empty: each call makes one. One that
    `waits` is found by `VersionStore.waiting` until somebody takes it up.
    """

    source: str
    run_id: str = ""
    token: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    user_id: str = ""
    run_link: str = ""
    model_id: str = ""
    waits: bool = False


@dataclass(frozen=True)
class VersionStore:
    """`last` remembers where the version of a model's alias or number was."""

    table: Table
    registry: RegistryStore
    last: dict[tuple[str, str, str | int], Key] = field(default_factory=dict)

    @property
    def values(self) -> ValueStore:
        return ValueStore(self.table)

    def create(self, tenant: str, name: str, new: NewVersion) -> ModelVersion:
        """The next version of the model, numbers dense and unique however many ask at once."""

        def attempt() -> ModelVersion:
            model = self.registry.get(tenant, name)
            known = self._of_token(tenant, model, new.token)
            if known:
                return self.get(tenant, name, known, model=model)
            item = self._item(tenant, model, new)
            self.table.transact(self._writes(tenant, model, item, new.token), token=self.table.new_id())
            return self._read(tenant, model, item)

        return self.table.until_settled(attempt, retry=(TransactionRefused, Unavailable))

    def get(
        self, tenant: str, name: str, version: int, *, model: RegisteredModel | None = None
    ) -> ModelVersion:
        """The version with tags and aliases; NotFound also when it was deleted."""
        if model is None:
            found = self._asked(tenant, name, version)
        else:
            found = model, self.table.get(keys.version(tenant=tenant, uid=model.uid, version=version))
        owner, item = found
        if item is None or item["stage"] == GONE:
            raise NotFound(f"Model Version (name={name}, version={version}) not found")
        return self._read(tenant, owner, item)

    def by_alias(self, tenant: str, name: str, alias: str) -> ModelVersion | None:
        """The version an alias points at; None where there is no such alias."""
        model, item = self._asked(tenant, name, alias)
        if alias not in model.aliases:
            return None
        if item is None or item["stage"] == GONE:
            raise NotFound(f"Model Version (name={name}, version={model.aliases[alias]}) not found")
        return self._read(tenant, model, item)

    def _asked(self, tenant: str, name: str, asked: str | int) -> tuple[RegisteredModel, Item | None]:
        """A model, and its version of this alias or number. Where the version was last time, it is looked for
        in the request that reads the model.
        """
        owner = keys.registered_model(tenant=tenant, name=name)
        guess = self.last.get((tenant, name, asked), owner)
        found = self.table.read_many([owner, guess])
        model = self.registry.read(tenant, name, found.get(owner))
        number = model.aliases.get(asked) if isinstance(asked, str) else asked
        if number is None:
            return model, None
        key = keys.version(tenant=tenant, uid=model.uid, version=number)
        if len(self.last) >= _REMEMBERED:
            self.last.clear()
        self.last[tenant, name, asked] = key
        return model, found.get(key) if key == guess else self.table.get(key)

    def of_model(self, tenant: str, model: RegisteredModel) -> list[ModelVersion]:
        """All versions of a model by number."""
        partition = keys.versions_partition(tenant=tenant, uid=model.uid)
        items = self.table.read(partition, keys.VERSIONS)
        return [self._read(tenant, model, item) for item in items if item["stage"] != GONE]

    def latest(self, tenant: str, models: Iterable[RegisteredModel]) -> dict[str, list[ModelVersion]]:
        """The newest version of each stage by number, by model name."""
        latest: dict[str, list[ModelVersion]] = {}
        wanted = {}
        for model in models:
            latest[model.name] = []
            for number in sorted(model.latest.values()):
                wanted[keys.version(tenant=tenant, uid=model.uid, version=number)] = model
        found = self.table.read_many(wanted) if wanted else {}
        for key, model in wanted.items():
            if key in found and found[key]["stage"] != GONE:
                latest[model.name].append(self._read(tenant, model, found[key]))
        return latest

    def of_run(self, tenant: str, run_id: str) -> list[tuple[str, int]]:
        """(model uid, version) of the versions made from a run, without deleted ones; a moment behind."""
        partition = keys.versions_of_run(tenant=tenant, run_id=run_id)
        items = self.table.query_all(partition, index="gsi1")
        pairs = (item["gsi1sk"].rsplit("#", 1) for item in items if item["stage"] != GONE)
        return [(uid, int(number)) for uid, number in pairs]

    def describe(self, tenant: str, name: str, version: int, description: str) -> ModelVersion:
        return self._edit(tenant, name, version, {("description",): description})

    def set_stage(self, tenant: str, name: str, version: int, stage: str, *, archive: bool) -> ModelVersion:
        """Move a version to a stage; `archive` moves the stage's other versions to Archived."""
        model = self.registry.get(tenant, name)
        for one in self.of_model(tenant, model) if archive else ():
            if one.stage == stage and one.version != version:
                self._edit(tenant, name, one.version, {("stage",): "Archived"})
        moved = self._edit(tenant, name, version, {("stage",): stage})
        self._refresh(tenant, name)
        return moved

    def delete(self, tenant: str, name: str, version: int) -> None:
        """The number is not used again; its aliases go."""
        found = self.get(tenant, name, version)
        gone: dict[Path, object] = {("stage",): GONE, ("source",): "", ("tags",): {}}
        self._edit(tenant, name, version, gone, _WAITING)
        if found.aliases:
            self.registry.delete_aliases(tenant, name, found.aliases)
        self._refresh(tenant, name)

    def set_tag(self, tenant: str, name: str, version: int, key: str, value: str) -> None:
        self.tag(tenant, name, version, {key: value})

    def tag(self, tenant: str, name: str, version: int, tags: Mapping[str, str]) -> None:
        model = self.registry.get(tenant, name)
        stored = self.values.store_all(keys.model_values(tenant=tenant, uid=model.uid), tags)
        sets: dict[Path, object] = {("tags", key): value for key, value in stored.items()}
        self._edit(tenant, name, version, sets, model=model)

    def delete_tag(self, tenant: str, name: str, version: int, key: str) -> None:
        self._edit(tenant, name, version, {}, [("tags", key)])

    def waiting(self, tenant: str) -> list[tuple[str, int]]:
        """(model name, version) of those that wait to be taken up; a moment behind."""
        partition = keys.waiting_versions(tenant=tenant)
        pairs = (item["gsi2sk"].rsplit("#", 1) for item in self.table.query_all(partition, index="gsi2"))
        return [(name, int(number)) for name, number in pairs]

    def take_up(self, tenant: str, name: str, version: int) -> None:
        """The version waits no longer."""
        self._edit(tenant, name, version, {}, _WAITING)

    def _edit(
        self,
        tenant: str,
        name: str,
        version: int,
        sets: Mapping[Path, object],
        removes: Sequence[Path] = (),
        model: RegisteredModel | None = None,
    ) -> ModelVersion:
        owner = model or self.registry.get(tenant, name)
        before = self.get(tenant, name, version, model=owner)
        key = keys.version(tenant=tenant, uid=owner.uid, version=version)
        touched = {**sets, ("last_update_time",): self.table.milliseconds()}
        return self._read(tenant, owner, self.table.edit(key, touched, removes, stage=before.stage))

    def _refresh(self, tenant: str, name: str) -> None:
        """Recompute which version is the newest of each stage."""

        def attempt() -> None:
            model = self.registry.get(tenant, name)
            latest: dict[str, int] = {one.stage: one.version for one in self.of_model(tenant, model)}
            key = keys.registered_model(tenant=tenant, name=name)
            changes = {"latest": latest, "last_update_time": self.table.milliseconds()}
            self.table.update(key, changes, expected={"last_version": model.last_version})

        self.table.until_settled(attempt, retry=(Conflict,))

    def _of_token(self, tenant: str, model: RegisteredModel, token: str) -> int | None:
        if not token:
            return None
        item = self.table.get(keys.version_token(tenant=tenant, uid=model.uid, token=token))
        return int(item["version"]) if item else None

    def _item(self, tenant: str, model: RegisteredModel, new: NewVersion) -> Item:
        number = model.last_version + 1
        now = self.table.milliseconds()
        pk, sk = keys.version(tenant=tenant, uid=model.uid, version=number)
        item = {
            "pk": pk,
            "sk": sk,
            "source": new.source,
            "run_id": new.run_id,
            "run_link": new.run_link,
            "model_id": new.model_id,
            "user_id": new.user_id,
            "description": new.description,
            "stage": NO_STAGE,
            "status": "READY",
            "creation_time": now,
            "last_update_time": now,
            "tags": self.values.store_all(keys.model_values(tenant=tenant, uid=model.uid), new.tags),
        }
        if new.run_id:
            item["gsi1pk"] = keys.versions_of_run(tenant=tenant, run_id=new.run_id)
            item["gsi1sk"] = f"{model.uid}#{number:08d}"
        if new.waits:
            item["gsi2pk"] = keys.waiting_versions(tenant=tenant)
            item["gsi2sk"] = keys.waiting_version(name=model.name, version=number)
        return item

    def _writes(self, tenant: str, model: RegisteredModel, item: Item, token: str) -> list[Item]:
        number = model.last_version + 1
        sets: dict[Path, object] = {
            ("last_version",): number,
            ("latest", NO_STAGE): number,
            ("last_update_time",): self.table.milliseconds(),
        }
        key = keys.registered_model(tenant=tenant, name=model.name)
        writes = [
            self.table.editing(key, sets, last_version=model.last_version, uid=model.uid),
            self.table.putting(item),
        ]
        if token:
            pk, sk = keys.version_token(tenant=tenant, uid=model.uid, token=token)
            writes.append(self.table.putting({"pk": pk, "sk": sk, "version": number}))
        return writes

    def _read(self, tenant: str, model: RegisteredModel, item: Item) -> ModelVersion:
        number = keys.number_of(item["sk"])
        return ModelVersion(
            name=model.name,
            version=number,
            source=item["source"],
            run_id=item["run_id"],
            creation_time=item["creation_time"],
            last_update_time=item["last_update_time"],
            stage=item["stage"],
            description=item["description"],
            user_id=item["user_id"],
            run_link=item["run_link"],
            model_id=item["model_id"],
            status=item["status"],
            tags=self.values.texts(keys.model_values(tenant=tenant, uid=model.uid), item["tags"]),
            aliases=tuple(sorted(alias for alias, version in model.aliases.items() if version == number)),
        )
