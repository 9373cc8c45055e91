"""From a batch of the ledger's stream to what it says: scored requests and feedback, in order."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sluice.stores import keys
from sluice.stores.attributes import decode_item
from sluice.stores.items import Item

IDENTITY_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Record:
    """A new item of the ledger. Items are written once, so the key is the record's identity:
    `identity` is the tenant and the beginning of the key's sha256.
    """

    tenant: str
    request_id: str
    kind: Literal["request", "feedback"]
    identity: str
    image: Mapping[str, Any]

    @property
    def item(self) -> Item:
        """The item; TypeError, ValueError or KeyError when it is none."""
        return decode_item({name: _with_bytes(value) for name, value in self.image.items()})


def read_records(batch: Sequence[Mapping[str, Any]]) -> Iterator[Record]:
    """New requests and feedback; removals (by TTL), changes and other items of the table are not ours."""
    for entry in batch:
        if entry.get("eventName") == "INSERT":
            record = _record(entry.get("dynamodb") or {})
            if record:
                yield record


def _record(change: Mapping[str, Any]) -> Record | None:
    try:
        image = change["NewImage"]
        partition, order = image["pk"]["S"], image["sk"]["S"]
        tenant, request_id = keys.parse_prediction_partition(partition)
    except (KeyError, TypeError, ValueError):
        return None
    digest = hashlib.sha256(f"{partition}\n{order}".encode()).hexdigest()[:IDENTITY_DIGITS]
    identity = f"{tenant}/{digest}"
    if order == "request":
        return Record(tenant, request_id, "request", identity, image)
    return Record(tenant, request_id, "feedback", identity, image) if order.startswith("feedback#") else None


def _with_bytes(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """In an event, bytes come as base64 text."""
    encoded = value.get("B")
    return {"B": base64.b64decode(encoded)} if isinstance(encoded, str) else value
