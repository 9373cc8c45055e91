"""JSON from strangers: read strictly, so that nothing is lost silently."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sluice.domain.errors import Invalid


def parse_json(content: bytes) -> Any:  # noqa: ANN401 - whatever JSON can say
    """The value; Invalid for what is not UTF-8 JSON, nested too deeply, or names a key twice.

    NaN and Infinity are read: data frames write them.
    """
    try:
        return json.loads(content, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8: byte {error.start}") from error
    except RecursionError as error:
        raise Invalid("the JSON is nested too deeply") from error
    except ValueError as error:
        raise Invalid(f"the body is not JSON: {str(error)[:200]}") from error


def parse_object(content: bytes) -> dict[str, Any]:
    """A JSON object; Invalid for anything else."""
    value = parse_json(content)
    if not isinstance(value, dict):
        raise Invalid(f"the body must be a JSON object, it is {type(value).__name__}")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Invalid(f"the JSON names {twice[:80]!r} twice in one object")
    return found
