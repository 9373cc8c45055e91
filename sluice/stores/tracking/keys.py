"""Keys of the tracking table: built and parsed here and nowhere else (docs/tables.md, Tracking)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Key = tuple[str, str]
Kind = Literal["run", "model"]

_LONGEST_NAME = 300
HEAD, DOCUMENT, LATEST = "0head", "1doc", "2latest"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run or a logged model lives. The shard never changes."""

    tenant: str
    kind: Kind
    name: str
    experiment_id: str
    shard: int

    @property
    def partition(self) -> str:
        return shard_partition(tenant=self.tenant, experiment_id=self.experiment_id, shard=self.shard)

    @property
    def prefix(self) -> str:
        return f"{self.kind}#{self.name}#"

    @property
    def head(self) -> Key:
        return self.partition, self.prefix + HEAD

    @property
    def values_partition(self) -> str:
        return own_partition(tenant=self.tenant, kind=self.kind, name=self.name)

    def document(self, number: int) -> Key:
        return self.partition, f"{self.prefix}{DOCUMENT}#{number:04d}"

    def latest(self, number: int) -> Key:
        return self.partition, f"{self.prefix}{LATEST}#{number:04d}"

    def value(self, digest: str, part: int) -> Key:
        return self.values_partition, f"value#{digest}#{part:03d}"

    def points(self, group: str, digest: str) -> Key:
        return self.values_partition, f"{points_prefix(group)}{digest}"


def _short(name: str) -> str:
    """A name of any length and script within a sort key's 1,024 bytes; its item holds it in full."""
    raw = name.encode()
    return name if len(raw) <= _LONGEST_NAME else f"~{hashlib.sha256(raw).hexdigest()}"


def points_prefix(group: str) -> str:
    return f"points#{group}#"


def shard_partition(*, tenant: str, experiment_id: str, shard: int) -> str:
    return f"{tenant}#exp#{experiment_id}#{shard:04d}"


def owner_of(sort_key: str) -> tuple[str, str, str]:
    """(kind, id, rest) of an item in a shard."""
    kind, name, rest = sort_key.split("#", 2)
    return kind, name, rest


def own_partition(*, tenant: str, kind: Kind, name: str) -> str:
    return f"{tenant}#{kind}#{name}"


def locator(*, tenant: str, kind: Kind, name: str) -> Key:
    return own_partition(tenant=tenant, kind=kind, name=name), "locator"


def experiments_partition(*, tenant: str) -> str:
    return f"{tenant}#experiments"


EXPERIMENTS = "experiment#"


def experiment_prefix(*, experiment_id: str) -> str:
    return f"{EXPERIMENTS}{experiment_id}#"


def experiment(*, tenant: str, experiment_id: str) -> Key:
    return experiments_partition(tenant=tenant), experiment_prefix(experiment_id=experiment_id) + "0"


def experiment_tag(*, tenant: str, experiment_id: str, key: str) -> Key:
    return experiments_partition(
        tenant=tenant
    ), f"{experiment_prefix(experiment_id=experiment_id)}tag#{_short(key)}"


def experiment_name(*, tenant: str, name: str) -> Key:
    return experiments_partition(tenant=tenant), f"name#{hashlib.sha256(name.encode()).hexdigest()}"


def experiment_part(sort_key: str) -> tuple[str, bool]:
    """(experiment id, whether the item is one of its tags)."""
    _, experiment_id, rest = sort_key.split("#", 2)
    return experiment_id, rest != "0"


def registry_partition(*, tenant: str) -> str:
    return f"{tenant}#registry"


MODELS = "model/"


def registered_model_prefix(*, name: str) -> str:
    return f"{MODELS}{_short(name)}/"


def registered_model(*, tenant: str, name: str) -> Key:
    return registry_partition(tenant=tenant), registered_model_prefix(name=name) + "0"


def alias(*, tenant: str, name: str, alias: str) -> Key:
    return registry_partition(tenant=tenant), f"{registered_model_prefix(name=name)}alias/{_short(alias)}"


def registered_model_tag(*, tenant: str, name: str, key: str) -> Key:
    return registry_partition(tenant=tenant), f"{registered_model_prefix(name=name)}tag/{_short(key)}"


def registry_part(sort_key: str) -> str:
    """Which part of a model an item is: 0 (the model itself), alias or tag."""
    return sort_key.split("/", 3)[2]


def versions_partition(*, tenant: str, uid: str) -> str:
    return f"{tenant}#versions#{uid}"


VERSIONS = "version/"


def version_prefix(*, version: int) -> str:
    return f"{VERSIONS}{version:08d}/"


def version(*, tenant: str, uid: str, version: int) -> Key:
    return versions_partition(tenant=tenant, uid=uid), version_prefix(version=version) + "0"


def version_tag(*, tenant: str, uid: str, version: int, key: str) -> Key:
    return versions_partition(tenant=tenant, uid=uid), f"{version_prefix(version=version)}tag/{_short(key)}"


def version_number(sort_key: str) -> int:
    return int(sort_key.split("/", 2)[1])


def version_token(*, tenant: str, uid: str, token: str) -> Key:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return versions_partition(tenant=tenant, uid=uid), f"token/{digest}"


def versions_of_run(*, tenant: str, run_id: str) -> str:
    return f"{tenant}#versions-of-run#{run_id}"
