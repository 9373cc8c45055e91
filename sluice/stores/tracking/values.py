"""Values too large for the item they belong to: items of their own, named by their digest."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.tracking.entities import LargeValue, Value
from sluice.stores.tracking import keys
from sluice.stores.tracking.table import Table

_INLINE_BYTES = 2_048
_PART_BYTES = 350_000


@dataclass(frozen=True)
class ValueStore:
    table: Table

    def store(self, partition: str, text: str) -> Value:
        """The text itself, or (over 2 KB) a reference to where it now is, immutable."""
        if len(text) <= _INLINE_BYTES // 4 or len(raw := text.encode()) <= _INLINE_BYTES:
            return text
        digest = hashlib.sha256(raw).hexdigest()
        packed = zlib.compress(raw)
        parts = [packed[begin : begin + _PART_BYTES] for begin in range(0, len(packed), _PART_BYTES)]
        places = [keys.value(partition, digest=digest, part=number) for number in range(len(parts))]
        self.table.put_many(
            [{"pk": pk, "sk": sk, "part": part} for (pk, sk), part in zip(places, parts, strict=True)]
        )
        return LargeValue(digest, len(parts))

    def store_all(self, partition: str, texts: Mapping[str, str]) -> dict[str, Value]:
        return {key: self.store(partition, text) for key, text in texts.items()}

    def load(self, wanted: Iterable[tuple[str, LargeValue]]) -> dict[str, str]:
        """The texts of large values (partition, reference), by digest."""
        places = {
            value.sha256: [
                keys.value(partition, digest=value.sha256, part=part) for part in range(value.parts)
            ]
            for partition, value in wanted
        }
        if not places:
            return {}
        found = self.table.read_many(key for parts in places.values() for key in parts)
        return {
            digest: zlib.decompress(b"".join(found[key]["part"] for key in parts)).decode()
            for digest, parts in places.items()
        }

    def texts(self, partition: str, values: Mapping[str, Any]) -> dict[str, str]:
        """A stored map of values with the large ones in place."""
        read = {key: read_value(value) for key, value in values.items()}
        large = self.load((partition, value) for value in read.values() if isinstance(value, LargeValue))
        return {
            key: large[value.sha256] if isinstance(value, LargeValue) else value
            for key, value in read.items()
        }


def read_value(stored: str | list[Any]) -> Value:
    """A value as an item or a document holds it."""
    return stored if isinstance(stored, str) else LargeValue(*stored)


def large_values(values: Iterable[Value | None]) -> list[LargeValue]:
    return [value for value in values if isinstance(value, LargeValue)]
