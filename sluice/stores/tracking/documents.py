"""Params, tags, inputs and outputs of a run (or a logged model): a few JSON documents under revisions.

Values over 2 KB live in items of their own, named by their digest; the document holds the digest.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluice.domain.errors import Invalid, NotFound
from sluice.domain.tracking.entities import DatasetInput, LargeValue, Value
from sluice.stores.items import ConditionFailed, Item
from sluice.stores.tracking import keys
from sluice.stores.tracking.keys import Place
from sluice.stores.tracking.table import Table

_INLINE_BYTES = 2_048
_PLAIN_BYTES = 1_024
_PART_BYTES = 350_000
_FULL_BYTES = 100_000
_SECTIONS = ("params", "tags")


@dataclass
class Document:
    """One of an owner's documents, open for changes; `rev` 0 is one that is not stored yet."""

    number: int
    rev: int = 0
    size: int = 0
    params: dict[str, Value] = field(default_factory=dict)
    tags: dict[str, Value] = field(default_factory=dict)
    inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[str] = field(default_factory=list)
    model_outputs: list[tuple[str, int]] = field(default_factory=list)
    changed: bool = False


Change = Callable[[list[Document]], None]
"""Changes documents in place and marks them; may be called again when another writer was faster."""


@dataclass(frozen=True)
class DocumentStore:
    table: Table

    def change(self, place: Place, check: Callable[[Item | None], None], change: Change) -> None:
        """Read head and documents, check the head, change, and write back what changed."""

        def attempt() -> None:
            items = list(self.table.read(place.partition, place.prefix, to=f"{place.prefix}{keys.DOCUMENT}~"))
            heads = [item for item in items if item["sk"] == place.head[1]]
            check(heads[0] if heads else None)
            documents = [read_document(item) for item in items if item["sk"] != place.head[1]]
            change(documents)
            for document in documents:
                if document.changed:
                    self.table.put_if(self.item(place, document), document.rev)

        self.table.until_settled(attempt, retry=(ConditionFailed,))

    def item(self, place: Place, document: Document) -> Item:
        """The document as an item of its owner's partition."""
        pk, sk = place.document(document.number)
        text = json.dumps(_to_json(document), separators=(",", ":"))
        content: str | bytes = text if len(text) <= _PLAIN_BYTES else zlib.compress(text.encode())
        return {"pk": pk, "sk": sk, "lsi1sk": self.table.now(), "document": content, "size": len(text)}

    def store_large(self, place: Place, value: str) -> Value:
        """The value itself, or a reference to where it now is."""
        if len(value) <= _INLINE_BYTES // 4 or len(raw := value.encode()) <= _INLINE_BYTES:
            return value
        digest = hashlib.sha256(raw).hexdigest()
        packed = zlib.compress(raw)
        parts = [packed[begin : begin + _PART_BYTES] for begin in range(0, len(packed), _PART_BYTES)]
        self.table.put_many(
            [
                {"pk": place.values_partition, "sk": place.value(digest, number)[1], "part": part}
                for number, part in enumerate(parts)
            ]
        )
        return LargeValue(digest, len(parts))

    def load_large(self, wanted: Iterable[tuple[Place, LargeValue]]) -> dict[str, str]:
        """Large values by digest."""
        places = dict.fromkeys(wanted)
        found = self.table.read_many(
            place.value(value.sha256, part) for place, value in places for part in range(value.parts)
        )
        texts: dict[str, str] = {}
        for place, value in places:
            parts = [found[place.value(value.sha256, part)]["part"] for part in range(value.parts)]
            texts[value.sha256] = zlib.decompress(b"".join(parts)).decode()
        return texts


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


def read_document(item: Mapping[str, Any]) -> Document:
    raw = item["document"]
    content = json.loads(zlib.decompress(raw) if isinstance(raw, bytes) else raw)
    return Document(
        number=int(item["sk"].rsplit("#", 1)[1]),
        rev=item["rev"],
        size=item["size"],
        params={key: _value(value) for key, value in content.get("params", {}).items()},
        tags={key: _value(value) for key, value in content.get("tags", {}).items()},
        inputs=[_dataset(one) for one in content.get("inputs", ())],
        model_inputs=content.get("model_inputs", []),
        model_outputs=[(model_id, step) for model_id, step in content.get("model_outputs", ())],
    )


def large_values(values: Iterable[Value | None]) -> list[LargeValue]:
    return [value for value in values if isinstance(value, LargeValue)]


def _holding(documents: list[Document], section: str, key: str) -> Document | None:
    for document in documents:
        if key in getattr(document, section):
            return document
    return None


def _open(documents: list[Document], key: str, value: Value) -> Document:
    """The last document, or a new one where that is full. Earlier ones are never reopened: two writers
    that add the same key then meet at the same document and its revision.
    """
    if not documents or documents[-1].size > _FULL_BYTES:
        documents.append(Document(documents[-1].number + 1 if documents else 0))
    document = documents[-1]
    document.size += len(key) + len(value) + 6
    document.changed = True
    return document


def _to_json(document: Document) -> dict[str, Any]:
    content: dict[str, Any] = {name: getattr(document, name) for name in _SECTIONS}
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
        source=_value(one["s"]),
        schema=None if one["f"] is None else _value(one["f"]),
        profile=None if one["p"] is None else _value(one["p"]),
        tags=tuple((key, value) for key, value in one["t"]),
    )


def _value(stored: str | list[Any]) -> Value:
    return stored if isinstance(stored, str) else LargeValue(*stored)


def _shown(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else "a long text"
