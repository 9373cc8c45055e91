"""Frozen records to items and back. Readers ignore attributes that a later release added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)


def to_attributes(record: DataclassInstance) -> dict[str, Any]:
    """The record's fields as plain values; those that are None are left out."""
    return {name: value for name, value in asdict(record).items() if value is not None}


def from_item(kind: type[Record], item: Mapping[str, Any]) -> Record:
    """The record in an item; pydantic.ValidationError where a field is missing or of the wrong type."""
    known = {part.name for part in fields(kind)}
    record: Record = _adapter(kind).validate_python({name: item[name] for name in known & item.keys()})
    return record


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
