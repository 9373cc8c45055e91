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
    except orjson.JSONDecodeError:
        return _read_strictly(content)
    # Every name is followed by a colon: as many colons as names say that none was overwritten.
    return value if content.count(b":") == _names(value) else _read_strictly(content)


def parse_object(content: bytes) -> dict[str, Any]:
    """A JSON object; Invalid for anything else."""
    value = parse_json(content)
    if not isinstance(value, dict):
        raise Invalid(f"the body must be a JSON object, it is {type(value).__name__}")
    return value


def _read_strictly(content: bytes) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Three times slower: it reads what orjson does not (NaN, Infinity) and says what is wrong."""
    try:
        return json.loads(content, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8: byte {error.start}") from error
    except RecursionError as error:
        raise Invalid("the JSON is nested too deeply") from error
    except ValueError as error:
        raise Invalid(f"the body is not JSON: {str(error)[:200]}") from error


def _names(value: object) -> int:
    """How many names the objects in a value have; a list that does not begin with an object has none."""
    if isinstance(value, dict):
        return len(value) + sum(_names(each) for each in value.values() if type(each) in (dict, list))
    if isinstance(value, list) and value and type(value[0]) is dict:
        return sum(map(_names, value))
    return 0


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Invalid(f"the JSON names {twice[:80]!r} twice in one object")
    return found
