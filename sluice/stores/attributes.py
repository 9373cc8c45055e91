"""Values in DynamoDB's typed form, and back."""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any


def encode(value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a record holds
    """A value in DynamoDB's typed form; TypeError for what has none, such as NaN."""
    for kind, encoded in _ENCODINGS:
        if isinstance(value, kind):
            return encoded(value)
    raise TypeError(f"cannot store {type(value).__name__} {value!r}")


def _encode_float(value: float) -> dict[str, Any]:
    if not math.isfinite(value):
        raise TypeError(f"cannot store {value!r}: DynamoDB has finite numbers only")
    return {"N": repr(value)}


_ENCODINGS: tuple[tuple[type | tuple[type, ...], Callable[[Any], dict[str, Any]]], ...] = (
    (type(None), lambda _: {"NULL": True}),
    (bool, lambda value: {"BOOL": value}),  # before int: True is one
    ((int, Decimal), lambda value: {"N": str(value)}),
    (float, _encode_float),
    (str, lambda value: {"S": value}),
    (bytes, lambda value: {"B": value}),
    (Mapping, lambda value: {"M": {str(name): encode(inner) for name, inner in value.items()}}),
    ((list, tuple), lambda value: {"L": [encode(inner) for inner in value]}),
)


def decode(raw: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The value of a typed form; numbers come back as int where they are whole, else float."""
    (kind, value), *_ = raw.items()
    match kind:
        case "N":
            return int(value) if value.lstrip("-").isdigit() else float(value)
        case "NULL":
            return None
        case "M":
            return {name: decode(inner) for name, inner in value.items()}
        case "L":
            return [decode(inner) for inner in value]
        case "B":  # a light client leaves bytes as DynamoDB's JSON has them
            return b64decode(value) if isinstance(value, str) else bytes(value)
    return value


def encode_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """All attributes but those that are None: absent and None are the same to readers."""
    return {name: encode(value) for name, value in item.items() if value is not None}


def decode_item(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: decode(value) for name, value in raw.items()}
