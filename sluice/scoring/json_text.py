"""JSON from strangers: read strictly, so that nothing is lost silently."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import orjson

from sluice.domain.errors import Invalid


def parse_json(content: bytes) -> Any:  # noqa: ANN401 - whatever JSON can say
    """The value; Invalid for what is not UTF-8 JSON, nested too deeply, or names a key twice.

    NaN and Infinity are read: data frames write them.
    """
    try:
        value = orjson.loads(content)
        # Each name has its colon, each list and object its bracket: as many as were seen say that no name was
        # overwritten and nothing lies deeper.
        if sum(map(content.count, (b":", b"[", b"{"))) == _marks(value):
            return value
    except (orjson.JSONDecodeError, RecursionError):
        pass
    return _read_strictly(content)


def parse_object(content: bytes) -> dict[str, Any]:
    """A JSON object; Invalid for anything else."""
    value = parse_json(content)
    if not isinstance(value, dict):
        raise Invalid(f"the body must be a JSON object, it is {type(value).__name__}")
    return value


def _read_strictly(content: bytes) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Three times slower: it reads what orjson does not (NaN, Infinity), and refuses what nests deeper than
    our own code could follow; says what is wrong.
    """
    try:
        return json.loads(content, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8: byte {error.start}") from error
    except RecursionError as error:
        raise Invalid("the JSON is nested too deeply") from error
    except ValueError as error:
        raise Invalid(f"the body is not JSON: {str(error)[:200]}") from error


def _marks(value: object) -> int:
    """Names, objects and lists in a value: rows count, what is in them is not looked at."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(_marks(each) for each in value.values() if type(each) in (dict, list))
    if not isinstance(value, list):
        return 0
    first = type(value[0]) if value else None
    if first is dict:
        return 1 + sum(map(_marks, value))
    return 1 + (list(map(type, value)).count(list) if first is list else 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Invalid(f"the JSON names {twice[:80]!r} twice in one object")
    return found
