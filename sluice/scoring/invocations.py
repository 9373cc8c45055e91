"""MLflow's scoring protocol: what POST /invocations takes and answers."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sluice.domain.errors import Invalid
from sluice.scoring.json_text import parse_object
from sluice.scoring.number_rows import cut_rows
from sluice.scoring.tables import from_columns, from_csv, from_records, from_rows, from_split

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sluice.scoring.manifest import Manifest
    from sluice.scoring.model import Scores
    from sluice.scoring.signature import Table

Output = Literal["label", "probability"]

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_JSON = ("", "application/json")
_CSV = "text/csv"


class UnsupportedMediaType(Invalid):
    """The body is in a form that this protocol does not have."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A request as far as it can be read without knowing the model; `rows` is in the form of `kind`."""

    kind: str
    rows: object
    output: Output
    entity: str | None
    params: Mapping[str, Any] = field(default_factory=dict)


def parse_invocation(content: bytes, content_type: str, more: Collection[str] = ()) -> Invocation:
    """The request in a body; Invalid (UnsupportedMediaType for the content type) when it is none.

    `more` names params that this door knows besides output and entity.
    """
    if _media_type(content_type) == _CSV:
        return Invocation(_CSV, content, "label", None)
    body = _parse_body(content)
    if unknown := sorted(set(body) - {*FORMATS, "params"}):
        raise Invalid(f"{_EXPECTED}, got {unknown[0][:80]!r}")
    given = [name for name in FORMATS if name in body]
    if len(given) != 1:
        raise Invalid(f"{_EXPECTED}, got {' and '.join(given) or 'none'}")
    params = body.get("params") or {}
    return Invocation(given[0], body[given[0]], *_params(params, more), params)


def table_of(invocation: Invocation, manifest: Manifest) -> Table:
    """The rows as columns; rows without names are in the order of the model's features."""
    if invocation.output == "probability" and manifest.task == "regression":
        raise Invalid("params.output: this model answers values, it has no probabilities")
    return _READERS[invocation.kind](invocation.rows, manifest)


def answer_of(scores: Scores, output: Output) -> list[Any]:
    """`predictions`: values, labels, or a list of probabilities a row in the order of the classes."""
    found = scores.probabilities if output == "probability" else scores.labels
    answer: list[Any] = np.asarray(found if scores.values is None else scores.values).tolist()
    return answer


_EXPECTED = f"expected an object with exactly one of {', '.join(FORMATS)} (and params)"


def _media_type(content_type: str) -> str:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charset = dict(part.partition("=")[::2] for part in parameters).get("charset", "utf-8").strip('"')
    if kind not in (*_JSON, _CSV) or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(
            f"expected application/json or text/csv in UTF-8, got {content_type[:80]!r}"
        )
    return kind


def _parse_body(content: bytes) -> dict[str, Any]:
    """The body; long rows of numbers are NumberRows in it."""
    mark = secrets.token_hex(8)
    cut = cut_rows(content, mark)
    if cut:
        rest, rows = cut
        with suppress(Invalid):  # what is wrong is said of the whole
            body = parse_object(rest)
            for holder, name in (
                (body, "instances"),
                (body, "inputs"),
                (body.get("dataframe_split"), "data"),
            ):
                if isinstance(holder, dict) and holder.get(name) == mark:
                    holder[name] = rows
                    return body
    return parse_object(content)


def _params(params: object, more: Collection[str]) -> tuple[Output, str | None]:
    known = ("output", "entity", *more)
    if not isinstance(params, dict) or not set(params) <= set(known):
        raise Invalid(f"params: expected an object with {' and '.join(known)} at most")
    output, entity = params.get("output", "label"), params.get("entity")
    if output not in ("label", "probability"):
        raise Invalid(f"params.output: expected label or probability, got {output!r:.80}")
    if entity is not None and not isinstance(entity, str):
        raise Invalid("params.entity: expected a text")
    return output, entity


def _instances(value: object, manifest: Manifest) -> Table:
    """Objects, or lists in the order of the model's features."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return from_records(value)
    return from_rows(manifest.feature_names, value)


def _inputs(value: object, manifest: Manifest) -> Table:
    return from_columns(value) if isinstance(value, dict) else _instances(value, manifest)


_READERS: Mapping[str, Callable[[Any, Manifest], Table]] = {
    _CSV: lambda content, _: from_csv(content),
    "dataframe_split": lambda value, _: from_split(value),
    "dataframe_records": lambda value, _: from_records(value),
    "instances": _instances,
    "inputs": _inputs,
}
