"""Keys of the tracking table: built and parsed here and nowhere else (docs/tables.md, Tracking)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    def own_partition(self) -> str:
        return own_partition(tenant=self.tenant, kind=self.kind, name=self.name)

    @property
    def head(self) -> Key:
        return self.partition, f"{self.kind}#{self.name}#{HEAD}"

    def document(self, number: int) -> Key:
        return self.partition, f"{self.kind}#{self.name}#{DOCUMENT}#{number:04d}"

    def latest(self, number: int) -> Key:
        return self.partition, f"{self.kind}#{self.name}#{LATEST}#{number:04d}"

    def points(self, group: str, digest: str) -> Key:
        return self.own_partition, f"{points_prefix(group)}{digest}"


def own_partition(*, tenant: str, kind: Kind, name: str) -> str:
    return f"{tenant}#{kind}#{name}"


def locator(*, tenant: str, kind: Kind, name: str) -> Key:
    return own_partition(tenant=tenant, kind=kind, name=name), "locator"


def points_prefix(group: str) -> str:
    return f"points#{group}#"


def shard_partition(*, tenant: str, experiment_id: str, shard: int) -> str:
    return f"{tenant}#exp#{experiment_id}#{shard:04d}"


def owner_of(sort_key: str) -> tuple[str, str, str]:
    """(kind, id, rest) of an item in a shard."""
    kind, name, rest = sort_key.split("#", 2)
    return kind, name, rest


def number_of(sort_key: str) -> int:
    """Of a document, a pack of latest values, a part of a large value or a version."""
    return int(sort_key.rsplit("#", 1)[1])


def following(sort_key: str) -> str:
    """The document or pack after this one."""
    return f"{sort_key[:-4]}{number_of(sort_key) + 1:04d}"


def minute_of(moment: str) -> str:
    return moment[:16]


def minutes(first: str, last: str) -> list[str]:
    """Every minute from that of `first` to that of `last`."""
    begin, end = (datetime.fromisoformat(minute_of(one)) for one in (first, last))
    count = int((end - begin) / timedelta(minutes=1)) + 1
    return [(begin + timedelta(minutes=number)).isoformat()[:16] for number in range(count)]


def changes_partition(*, tenant: str, experiment_id: str, moment: str) -> str:
    """What changed in a minute; `moment` is any time in it."""
    return f"{tenant}#changes#{experiment_id}#{minute_of(moment)}"


def change(*, moment: str, kind: Kind, name: str) -> str:
    return f"{moment}#{kind}#{name}"


def changed(sort_key: str) -> tuple[str, str]:
    """(kind, id) of a change."""
    _, kind, name = sort_key.split("#", 2)
    return kind, name


def snapshot(*, tenant: str, experiment_id: str) -> Key:
    return experiment_values(tenant=tenant, experiment_id=experiment_id), "snapshot"


def snapshot_asked(*, tenant: str, experiment_id: str, kind: str) -> Key:
    return experiment_values(tenant=tenant, experiment_id=experiment_id), f"snapshot-{kind}"


def parse_asked(sort_key: str) -> str:
    return sort_key.removeprefix("snapshot-")


def snapshot_object(*, tenant: str, experiment_id: str, name: str) -> str:
    """In S3, outside of every tenant's files: no tenant's name begins with a dot."""
    return f".snapshots/{tenant}/{experiment_id}/{name}"


def shard(kind: Kind, number: int) -> str:
    return f"{kind}#{number:04d}"


def parse_shard(text: str) -> tuple[Kind, int]:
    kind, number = text.split("#")
    return ("run" if kind == "run" else "model"), int(number)


_WOKEN = re.compile(r"([^#]+)#(?:changes|experiment)#([^#]+)(?:#.*)?")


def parse_woken(partition: str) -> tuple[str, str] | None:
    """(tenant, experiment) of a note or of what asks for a snapshot; None of anything else."""
    found = _WOKEN.fullmatch(partition)
    return (found[1], found[2]) if found else None


def value(partition: str, *, digest: str, part: int) -> Key:
    """A part of a large value, in the partition of what it belongs to."""
    return partition, f"value#{digest}#{part:03d}"


def place_of(partition: str, sort_key: str) -> Place:
    """Of a run or logged model, by an item in its shard."""
    tenant, _, experiment_id, shard = partition.split("#")
    kind, name, _ = owner_of(sort_key)
    return Place(tenant, "run" if kind == "run" else "model", name, experiment_id, int(shard))


def deleted_partition(*, tenant: str) -> str:
    """Sparse, in `gsi2`: runs, logged models and experiments that are deleted."""
    return f"{tenant}#deleted"


def deleted_since(*, moment: int, kind: str = "", name: str = "") -> str:
    """Sorts by the time of deletion (milliseconds)."""
    return f"{moment:015d}#{kind}#{name}"


def deletion(
    *, moment: int | None, tenant: str, kind: str, name: str
) -> tuple[dict[tuple[str, ...], object], list[tuple[str, ...]]]:
    """What to set and to remove for a thing to be found by the moment of its deletion, or (None) no more."""
    if moment is None:
        return {}, [("gsi2pk",), ("gsi2sk",)]
    since = deleted_since(moment=moment, kind=kind, name=name)
    return {("gsi2pk",): deleted_partition(tenant=tenant), ("gsi2sk",): since}, []


def leftovers_partition(*, tenant: str) -> str:
    return f"{tenant}#leftovers"


def leftover(*, tenant: str, kind: str, name: str) -> Key:
    """A note of what is still there of a thing that went for good."""
    return leftovers_partition(tenant=tenant), f"{kind}#{name}"


def experiments_partition(*, tenant: str) -> str:
    return f"{tenant}#experiments"


def parse_experiments(partition: str) -> str:
    """The tenant; nothing for another partition."""
    tenant, mark, rest = partition.partition("#experiments")
    return tenant if mark and not rest else ""


def experiment(*, tenant: str, experiment_id: str) -> Key:
    return experiments_partition(tenant=tenant), experiment_id


def experiment_values(*, tenant: str, experiment_id: str) -> str:
    return f"{tenant}#experiment#{experiment_id}"


def experiment_name(*, tenant: str, name: str) -> Key:
    return f"{tenant}#experiment-name#{hashlib.sha256(name.encode()).hexdigest()}", "name"


def registry_partition(*, tenant: str) -> str:
    return f"{tenant}#registry"


def registered_model(*, tenant: str, name: str) -> Key:
    return registry_partition(tenant=tenant), _short(name)


def model_values(*, tenant: str, uid: str) -> str:
    return f"{tenant}#model-values#{uid}"


def versions_partition(*, tenant: str, uid: str) -> str:
    return f"{tenant}#versions#{uid}"


VERSIONS = "version#"


def version(*, tenant: str, uid: str, version: int) -> Key:
    return versions_partition(tenant=tenant, uid=uid), f"{VERSIONS}{version:08d}"


def version_token(*, tenant: str, uid: str, token: str) -> Key:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return versions_partition(tenant=tenant, uid=uid), f"token#{digest}"


def versions_of_run(*, tenant: str, run_id: str) -> str:
    return f"{tenant}#versions-of-run#{run_id}"


def waiting_versions(*, tenant: str) -> str:
    """Sparse: versions whose evaluation was not begun."""
    return f"{tenant}#waiting-versions"


def waiting_version(*, name: str, version: int) -> str:
    return f"{name}#{version:08d}"


def _short(name: str) -> str:
    """A name of any length and script within a sort key's 1,024 bytes; its item holds it in full."""
    raw = name.encode()
    return name if len(raw) <= _LONGEST_NAME else f"~{hashlib.sha256(raw).hexdigest()}"
