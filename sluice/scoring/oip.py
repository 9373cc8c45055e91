"""Open Inference Protocol v2: requests, answers and metadata of one model.

Binary tensors (`binary_tensor_data`) follow the JSON in the body; a header says where the JSON ends.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice.domain.errors import Invalid
from sluice.scoring.json_text import parse_object
from sluice.scoring.signature import RawColumn, Table
from sluice.scoring.tensors import TensorHead, decode_binary, decode_json, encode_binary, read_head

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sluice.scoring.manifest import Feature, Manifest
    from sluice.scoring.model import Scores

HEADER_LENGTH = "inference-header-content-length"
PLATFORM = "onnx_onnxv1"
EXTENSIONS = ("binary_tensor_data",)
MAX_ID = 256

#: What a feature is announced as, and what it may be sent as.
_ANNOUNCED = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "string": "BYTES"}
_NUMERIC = ("FP64", "FP32", "FP16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8")
_TAKEN = {"number": _NUMERIC, "integer": _NUMERIC, "boolean": ("BOOL", *_NUMERIC), "string": ("BYTES",)}


@dataclass(frozen=True, slots=True)
class InferBody:
    """A request as far as it can be read without knowing the model; `tail` is its binary data."""

    fields: Mapping[str, Any]
    parameters: Mapping[str, Any]
    tail: memoryview
    client_id: str | None
    entity: str | None


@dataclass(frozen=True, slots=True)
class InferAnswer:
    """A body, and the length of its JSON where binary data follows (else None)."""

    content: bytes
    header_length: int | None


def parse_infer(content: bytes, header_length: int | None) -> InferBody:
    """The request in a body; Invalid says what is wrong with it."""
    if header_length is not None and not 0 < header_length <= len(content):
        raise Invalid(
            f"Inference-Header-Content-Length is {header_length}, the body has {len(content)} bytes"
        )
    fields = parse_object(content[:header_length])
    client_id = fields.get("id")
    if client_id is not None and not _is_id(client_id):
        raise Invalid(f"id must be a printable text of at most {MAX_ID} characters")
    parameters = fields.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Invalid("parameters must be an object")
    entity = parameters.get("entity")
    if entity is not None and not isinstance(entity, str):
        raise Invalid("parameters.entity must be a text")
    tail = memoryview(content)[header_length:] if header_length is not None else memoryview(b"")
    return InferBody(fields, parameters, tail, client_id, entity)


def table_of(body: InferBody, manifest: Manifest) -> Table:
    """The inputs as columns of this model; Invalid where they are not its inputs."""
    entries = body.fields.get("inputs")
    if not isinstance(entries, list) or not entries:
        raise Invalid("inputs must be a list with one tensor a feature")
    heads = [read_head(entry) for entry in entries]
    _check_names(heads, manifest)
    _check_datatypes(heads, manifest)
    if len({head.rows for head in heads}) != 1:
        raise Invalid(
            f"the inputs have different numbers of rows: {sorted({head.rows for head in heads})[:5]}"
        )
    return Table(_columns(heads, body.tail), heads[0].rows)


def wanted_outputs(body: InferBody, manifest: Manifest) -> dict[str, bool]:
    """Outputs to answer, each with whether it goes as binary data; all when none is named."""
    known = [entry["name"] for entry in _described_outputs(manifest)]
    default = body.parameters.get("binary_data_output") is True
    entries = body.fields.get("outputs")
    if entries is None or entries == []:
        return dict.fromkeys(known, default)
    if not isinstance(entries, list):
        raise Invalid("outputs must be a list")
    return dict(_wanted(entry, known, default=default) for entry in entries)


def encode_infer(
    head: Mapping[str, Any],
    scores: Scores,
    classes: Sequence[str],
    wanted: Mapping[str, bool],
    texts: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> InferAnswer:
    """The answer: `head` (model_name, model_version, id, parameters), the wanted outputs, and `texts` as more
    outputs, one JSON text a row.
    """
    tails: list[bytes] = []
    described: list[dict[str, Any]] = []
    for name, binary in wanted.items():
        datatype, values = _output(name, scores)
        entry: dict[str, Any] = {"name": name, "datatype": datatype, "shape": list(values.shape)}
        if binary:
            tails.append(encode_binary(datatype, values))
            entry["parameters"] = {"binary_data_size": len(tails[-1])}
        else:
            entry["data"] = values.reshape(-1).tolist()
        if name == "probability":
            entry.setdefault("parameters", {})["classes"] = ",".join(classes)
        described.append(entry)
    described += [
        {
            "name": name,
            "datatype": "BYTES",
            "shape": [len(data)],
            "parameters": {"content_type": "application/json"},
            "data": list(data),
        }
        for name, data in texts.items()
    ]
    text = json.dumps({**head, "outputs": described}, separators=(",", ":")).encode()
    return InferAnswer(text + b"".join(tails), len(text) if tails else None)


def model_metadata(name: str, versions: Sequence[str], manifest: Manifest) -> dict[str, Any]:
    """The model's inputs and outputs; −1 is any number of rows."""
    return {
        "name": name,
        "versions": list(versions),
        "platform": PLATFORM,
        "inputs": [
            {"name": feature.name, "datatype": _announced(feature), "shape": [-1, 1]}
            for feature in manifest.features
        ],
        "outputs": _described_outputs(manifest),
    }


def _announced(feature: Feature) -> str:
    """Whole numbers and booleans that may be missing travel as FP64, which has NaN."""
    return (
        "FP64" if feature.nullable and feature.dtype in ("integer", "boolean") else _ANNOUNCED[feature.dtype]
    )


def _described_outputs(manifest: Manifest) -> list[dict[str, Any]]:
    if manifest.task == "regression":
        return [{"name": "value", "datatype": "FP64", "shape": [-1]}]
    return [
        {"name": "probability", "datatype": "FP64", "shape": [-1, len(manifest.classes)]},
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
    ]


def _output(name: str, scores: Scores) -> tuple[str, NDArray[Any]]:
    found = {"value": scores.values, "probability": scores.probabilities, "label": scores.labels}[name]
    return "BYTES" if name == "label" else "FP64", np.asarray(found)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_ID and value.isprintable()


def _check_names(heads: Sequence[TensorHead], manifest: Manifest) -> None:
    names = [head.name for head in heads]
    if len(set(names)) != len(names):
        raise Invalid("two inputs have the same name")
    if unknown := [name for name in names if name not in {*manifest.feature_names, *manifest.protected}]:
        shown = ", ".join(repr(name[:80]) for name in unknown[:5])
        raise Invalid(f"the model has no input {shown}; it takes {', '.join(manifest.feature_names)}"[:2000])


def _check_datatypes(heads: Sequence[TensorHead], manifest: Manifest) -> None:
    features = {feature.name: feature for feature in manifest.features}
    for head in heads:
        feature = features.get(head.name)
        if feature and head.datatype not in _TAKEN[feature.dtype]:
            raise Invalid(f"input {head.name!r}: expected {_announced(feature)}, got {head.datatype}")


def _columns(heads: Sequence[TensorHead], tail: memoryview) -> dict[str, RawColumn]:
    announced = sum(head.binary_size or 0 for head in heads)
    if announced != len(tail):
        raise Invalid(f"the inputs announce {announced} bytes of binary data, the body has {len(tail)}")
    columns: dict[str, RawColumn] = {}
    place = 0
    for head in heads:
        if head.binary_size is None:
            columns[head.name] = decode_json(head)
        else:
            columns[head.name] = decode_binary(head, tail[place : place + head.binary_size])
            place += head.binary_size
    return columns


def _wanted(entry: object, known: Sequence[str], *, default: bool) -> tuple[str, bool]:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or name not in known:
        raise Invalid(f"outputs: the model has {' and '.join(known)}, got {name!r:.80}")
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Invalid(f"output {name}: parameters must be an object")
    if unknown := sorted(str(key) for key in set(parameters) - {"binary_data"}):
        raise Invalid(f"output {name}: {unknown[0][:80]} is not supported")
    return str(name), parameters.get("binary_data", default) is True
