"""Snapshots of experiments in S3: columns of each shard and kind, and a manifest that names them.

An object is written once under a name of its own and is part of a snapshot when the manifest says so; the
manifest moves under its revision. A replaced object stays until the next manifest, for who is reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sluice.domain.clock import format_time, parse_time
from sluice.domain.tracking.columns import Columns, pack, unpack
from sluice.stores.items import ConditionFailed
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Kind
from sluice.stores.tracking.table import Table

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

ASKED, LATER = "asked", "later"
_LATER = timedelta(minutes=2)
_DELETED_AT_ONCE = 1_000


@dataclass(frozen=True)
class Manifest:
    """Every change noted ten seconds before `read_at` is in. An object without a name has no rows."""

    read_at: datetime
    objects: dict[tuple[Kind, int], str] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    rev: int = 0


@dataclass(frozen=True)
class Snapshots:
    """`client` is called when first needed: making one costs more than a request."""

    table: Table
    client: Callable[[], S3Client]
    bucket: str

    def manifest(self, tenant: str, experiment_id: str) -> Manifest | None:
        item = self.table.get(keys.snapshot(tenant=tenant, experiment_id=experiment_id))
        if item is None:
            return None
        objects = {keys.parse_shard(name): text for name, text in item["objects"].items()}
        replaced = frozenset(item["replaced"])
        return Manifest(parse_time(item["read_at"]), objects, replaced, item["rev"])

    def move(self, tenant: str, experiment_id: str, manifest: Manifest) -> bool:
        """Put the manifest in place of the one with its revision; False when another one is there by now."""
        pk, sk = keys.snapshot(tenant=tenant, experiment_id=experiment_id)
        objects = {keys.shard(kind, shard): name for (kind, shard), name in manifest.objects.items()}
        item = {"pk": pk, "sk": sk, "read_at": format_time(manifest.read_at), "objects": objects}
        try:
            self.table.put_if({**item, "replaced": sorted(manifest.replaced)}, manifest.rev)
        except ConditionFailed:
            return False
        return True

    def load(self, tenant: str, experiment_id: str, name: str) -> Columns | None:
        """The columns; None when they are gone, damaged or of another release: read the table then."""
        if not name:
            return Columns()
        try:
            key = keys.snapshot_object(tenant=tenant, experiment_id=experiment_id, name=name)
            answer = self.client().get_object(Bucket=self.bucket, Key=key)
            return unpack(answer["Body"].read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
                return None
            raise
        except ValueError:
            return None

    def save(self, tenant: str, experiment_id: str, columns: Columns) -> str:
        """The name of a new object with these columns."""
        if not columns.names:
            return ""
        name = self.table.new_id()
        key = keys.snapshot_object(tenant=tenant, experiment_id=experiment_id, name=name)
        self.client().put_object(Bucket=self.bucket, Key=key, Body=pack(columns))
        return name

    def drop(self, tenant: str, experiment_id: str, names: Iterable[str]) -> None:
        found: list[ObjectIdentifierTypeDef] = [
            {"Key": keys.snapshot_object(tenant=tenant, experiment_id=experiment_id, name=name)}
            for name in names
            if name
        ]
        for begin in range(0, len(found), _DELETED_AT_ONCE):
            some = found[begin : begin + _DELETED_AT_ONCE]
            self.client().delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})

    def forget(self, tenant: str, experiment_id: str) -> None:
        """When the experiment is gone for good: also what a builder left behind that was cut short."""
        prefix = keys.snapshot_object(tenant=tenant, experiment_id=experiment_id, name="")
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            names = [one["Key"].removeprefix(prefix) for one in page.get("Contents", [])]
            self.drop(tenant, experiment_id, names)
        self.table.delete_many([keys.snapshot(tenant=tenant, experiment_id=experiment_id)])

    def ask(self, tenant: str, experiment_id: str, kind: str = ASKED) -> None:
        """Let the stream wake `snapshot_runs`: now, or (LATER) when this item has expired."""
        pk, sk = keys.snapshot_asked(tenant=tenant, experiment_id=experiment_id, kind=kind)
        expires = self.table.clock() + _LATER
        self.table.put({"pk": pk, "sk": sk, "kind": kind, "expires_at": int(expires.timestamp())})
