"""Tensors of the Open Inference Protocol: one a feature column, in JSON or in little-endian bytes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: Datatype to numpy's little-endian type; BYTES and BF16 have none.
NUMPY_TYPES: Mapping[str, str] = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
DATATYPES = (*NUMPY_TYPES, "BYTES")

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class TensorHead:
    """An input as its JSON describes it; `rows` is the first dimension, [rows] or [rows, 1]."""

    name: str
    datatype: str
    rows: int
    data: object
    binary_size: int | None


def read_head(entry: object) -> TensorHead:
    """Check one element of `inputs`; Invalid names what is wrong with it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise Invalid("inputs: expected objects with name, shape and datatype")
    name, datatype = entry["name"], entry.get("datatype")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise Invalid(
            f"input {name[:80]!r}: datatype must be one of {', '.join(DATATYPES)}, got {datatype!r:.80}"
        )
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Invalid(f"input {name[:80]!r}: parameters must be an object")
    if any(str(key).startswith("shared_memory") for key in parameters):
        raise Invalid(f"input {name[:80]!r}: there is no shared memory with this server")
    size = parameters.get("binary_data_size")
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise Invalid(f"input {name[:80]!r}: binary_data_size must be a number of bytes, got {size!r:.80}")
    return TensorHead(name, datatype, _rows(name, entry.get("shape")), entry.get("data"), size)


def decode_json(head: TensorHead) -> list[Any]:
    """The cells of a tensor given in JSON, flat or nested; null is missing."""
    if not isinstance(head.data, list):
        raise Invalid(f"input {head.name!r}: expected data, a list of {head.rows}")
    if head.datatype == "FP16":
        raise Invalid(f"input {head.name!r}: FP16 has no JSON form, send it as binary data")
    cells = _flat(head)
    allowed = _JSON_TYPES.get(head.datatype[:3], {int})
    if not set(map(type, cells)) <= {*allowed, NoneType}:
        row = next(row for row, cell in enumerate(cells) if type(cell) not in {*allowed, NoneType})
        raise Invalid(f"input {head.name!r}, row {row}: {cells[row]!r:.80} is no {head.datatype}")
    return cells


def decode_binary(head: TensorHead, content: memoryview) -> NDArray[Any] | list[str]:
    """The cells of a tensor given as bytes, exactly as many as its shape says."""
    if head.datatype == "BYTES":
        return _texts(head, content)
    expected = head.rows * np.dtype(NUMPY_TYPES[head.datatype]).itemsize
    if len(content) != expected:
        raise Invalid(f"input {head.name!r}: {len(content)} bytes, its shape and datatype need {expected}")
    return np.frombuffer(content, dtype=NUMPY_TYPES[head.datatype])


def encode_binary(datatype: str, values: NDArray[Any]) -> bytes:
    """Row-major little-endian bytes; each text with its length before it."""
    if datatype != "BYTES":
        return values.astype(NUMPY_TYPES[datatype]).tobytes()
    texts = [str(text).encode() for text in values.reshape(-1)]
    return b"".join(_LENGTH.pack(len(text)) + text for text in texts)


_JSON_TYPES: Mapping[str, set[type]] = {
    "BOO": {bool, int},
    "BYT": {str},
    "FP3": {int, float},
    "FP6": {int, float},
}


def _rows(name: str, shape: object) -> int:
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise Invalid(f"input {name[:80]!r}: shape must be a list of sizes, got {shape!r:.80}")
    if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
        raise Invalid(f"input {name[:80]!r}: shape must be [rows] or [rows, 1], got {shape}")
    return int(shape[0])


def _flat(head: TensorHead) -> list[Any]:
    data: Sequence[Any] = head.data  # type: ignore[assignment] # decode_json has looked
    if any(isinstance(cell, list) for cell in data):
        if not all(isinstance(cell, list) and len(cell) == 1 for cell in data):
            raise Invalid(f"input {head.name!r}: data is ragged, expected [{head.rows}] or [{head.rows}, 1]")
        data = [cell[0] for cell in data]
    if len(data) != head.rows:
        raise Invalid(f"input {head.name!r}: {len(data)} values, its shape says {head.rows}")
    return list(data)


def _texts(head: TensorHead, content: memoryview) -> list[str]:
    texts: list[str] = []
    place = 0
    while place < len(content):
        start = place + _LENGTH.size
        length = _LENGTH.unpack_from(content, place)[0] if start <= len(content) else math.inf
        if start + length > len(content):
            raise Invalid(f"input {head.name!r}: the bytes end within element {len(texts)}")
        place = start + int(length)
        texts.append(_text(head, bytes(content[start:place]), len(texts)))
    if len(texts) != head.rows:
        raise Invalid(f"input {head.name!r}: {len(texts)} elements, its shape says {head.rows}")
    return texts


def _text(head: TensorHead, content: bytes, row: int) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"input {head.name!r}, row {row}: the text is not UTF-8") from error
