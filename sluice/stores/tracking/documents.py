"""Params, tags, inputs and outputs of a run (or a logged model): a few JSON documents under revisions."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from sluice.domain.errors import Invalid, NotFound
from sluice.domain.tracking.entities import DatasetInput, Value
from sluice.stores.items import Item
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.values import read_value

_PLAIN_BYTES = 1_024
_FULL_BYTES = 100_000
_SHORT = 12


@dataclass
class Document:
    """One of an owner's documents, open for changes; `rev` 0 is one that is not stored yet."""

    number: int
    rev: int = 0
    size: int = 0
    more: bool = False
    params: dict[str, Value] = field(default_factory=dict)
    tags: dict[str, Value] = field(default_factory=dict)
    inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[str] = field(default_factory=list)
    model_outputs: list[tuple[str, int]] = field(default_factory=list)
    changed: bool = False


def document_item(place: Place, document: Document) -> Item:
    """The document as an item; `more` leads readers on to the one after it."""
    pk, sk = place.document(document.number)
    text = json.dumps(_to_json(document), separators=(",", ":"))
    content: str | bytes = text if len(text) <= _PLAIN_BYTES else zlib.compress(text.encode())
    return {"pk": pk, "sk": sk, "document": content, "size": len(text), "more": document.more or None}


def add_params(documents: list[Document], owner: str, params: Mapping[str, Value]) -> None:
    """Add params; Invalid when one is there with another value."""
    for key, value in params.items():
        held = _holding(documents, "params", key)
        if held is None:
            _open(documents, key, value).params[key] = value
        elif held.params[key] != value:
            raise Invalid(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                f"value={_shown(held.params[key])} for run ID='{owner}'. "
                f"Attempted logging new value {_shown(value)}."
            )


def set_tags(documents: list[Document], tags: Mapping[str, Value]) -> None:
    for key, value in tags.items():
        held = _holding(documents, "tags", key)
        if held is None:
            _open(documents, key, value).tags[key] = value
        elif held.tags[key] != value:
            held.tags[key] = value
            held.changed = True


def delete_tag(documents: list[Document], owner: str, key: str) -> None:
    held = _holding(documents, "tags", key)
    if held is None:
        raise NotFound(f"No tag with name: {key} in run with id {owner}")
    del held.tags[key]
    held.changed = True


def add_inputs(documents: list[Document], inputs: Sequence[DatasetInput]) -> None:
    """Add dataset inputs; the same dataset again changes nothing."""
    for one in inputs:
        if any((held.name, held.digest) == (one.name, one.digest) for d in documents for held in d.inputs):
            continue
        _open(documents, one.name, one.source).inputs.append(one)


def add_models(documents: list[Document], inputs: Sequence[str], outputs: Sequence[tuple[str, int]]) -> None:
    for model_id in inputs:
        if not any(model_id in document.model_inputs for document in documents):
            _open(documents, model_id, "").model_inputs.append(model_id)
    for output in outputs:
        if not any(output in document.model_outputs for document in documents):
            _open(documents, output[0], "").model_outputs.append(output)


def rest_text(documents: Sequence[Document]) -> str:
    """What documents hold beside params and tags, as one text; none where there is nothing."""
    rest = Document(0)
    for document in documents:
        rest.inputs += document.inputs
        rest.model_inputs += document.model_inputs
        rest.model_outputs += document.model_outputs
    content = {name: part for name, part in _to_json(rest).items() if part}
    return json.dumps(content, separators=(",", ":")) if content else ""


def read_rest(text: str) -> Document:
    """A document with what `rest_text` was given, and neither params nor tags."""
    return _with_rest(Document(0), json.loads(text) if text else {})


def read_document(item: Mapping[str, Any]) -> Document:
    raw = item["document"]
    content = json.loads(zlib.decompress(raw) if isinstance(raw, bytes) else raw)
    document = Document(
        number=keys.number_of(item["sk"]),
        rev=item["rev"],
        size=item["size"],
        more=item.get("more", False),
        params=_values(content["params"]),
        tags=_values(content["tags"]),
    )
    return _with_rest(document, content)


def _with_rest(document: Document, content: Mapping[str, Any]) -> Document:
    document.inputs = [_dataset(one) for one in content.get("inputs", ())]
    document.model_inputs = content.get("model_inputs", [])
    document.model_outputs = [(model_id, step) for model_id, step in content.get("model_outputs", ())]
    return document


def _values(stored: Mapping[str, Any]) -> dict[str, Value]:
    """Keys are shared between the documents of all runs, and so are short values: most are numbers."""
    return {
        intern(key): intern(value) if isinstance(value, str) and len(value) <= _SHORT else read_value(value)
        for key, value in stored.items()
    }


def _holding(documents: list[Document], section: str, key: str) -> Document | None:
    for document in documents:
        if key in getattr(document, section):
            return document
    return None


def _open(documents: list[Document], key: str, value: Value) -> Document:
    """The last document, or a new one where that is full. Earlier ones are never reopened: two writers
    that add the same key then meet at the same document and its revision.
    """
    if documents and documents[-1].size > _FULL_BYTES:
        documents[-1].more = documents[-1].changed = True
        documents.append(Document(documents[-1].number + 1))
    elif not documents:
        documents.append(Document(0))
    document = documents[-1]
    document.size += len(key) + len(value) + 6
    document.changed = True
    return document


def _to_json(document: Document) -> dict[str, Any]:
    content: dict[str, Any] = {"params": document.params, "tags": document.tags}
    if document.inputs:
        content["inputs"] = [
            {"n": one.name, "d": one.digest, "k": one.source_type, "s": one.source, "f": one.schema,
             "p": one.profile, "t": one.tags}
            for one in document.inputs
        ]  # fmt: skip
    if document.model_inputs:
        content["model_inputs"] = document.model_inputs
    if document.model_outputs:
        content["model_outputs"] = document.model_outputs
    return content


def _dataset(one: Mapping[str, Any]) -> DatasetInput:
    return DatasetInput(
        name=one["n"],
        digest=one["d"],
        source_type=one["k"],
        source=read_value(one["s"]),
        schema=None if one["f"] is None else read_value(one["f"]),
        profile=None if one["p"] is None else read_value(one["p"]),
        tags=tuple((key, value) for key, value in one["t"]),
    )


def _shown(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else "a long text"
