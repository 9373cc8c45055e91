"""Why a project.yaml is refused: one reason a mistake, each with path, value and expectation."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sluice.domain.errors import Invalid, Reason

ABSENT = "(absent)"
_LONGEST_VALUE = 120


class ProjectInvalid(Invalid):
    """A project.yaml with mistakes; `reasons` names every one.

    A reason's path is written as in JSON (contract.columns[3].dtype), its value is what was there, as JSON.
    """

    def __init__(self, reasons: Iterable[Reason]) -> None:
        found = tuple(reasons)
        count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        super().__init__(f"project.yaml has {count}", found)


def shown(value: object) -> str:
    """The value as short JSON."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to append to a message, for the known word that was probably meant, or nothing."""
    close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def one_of(words: Iterable[str]) -> str:
    return f"one of {', '.join(words)}"


def reasons_of(error: ValidationError, model: type[BaseModel]) -> tuple[Reason, ...]:
    """One reason for each mistake pydantic found in a document of this model."""
    found = [details for details in error.errors() if details["type"] != "default_factory_not_called"]
    return tuple(_reason(details, model) for details in found)


def _reason(details: ErrorDetails, model: type[BaseModel]) -> Reason:
    location = details["loc"]
    path = _json_path(location)
    if details["type"] == "extra_forbidden":
        known = sorted(_section_at(location[:-1], model).model_fields)
        message = f"unknown key {location[-1]}{did_you_mean(str(location[-1]), known)}"
        return Reason(path, message, shown(details["input"]), one_of(known))
    if details["type"] == "missing":
        return Reason(path, f"{location[-1]} is required", ABSENT, "a value")
    expected = _expectation(details)
    return Reason(path, f"should be {expected}", shown(details["input"]), expected)


def _json_path(location: Iterable[str | int]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _section_at(location: Iterable[str | int], model: type[BaseModel]) -> type[BaseModel]:
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            model = _section_within(model.model_fields[part].annotation) or model
    return model


def _section_within(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_section_within(argument) for argument in get_args(annotation))
    return next((found for found in inner if found), None)


_EXPECTED = {
    "string_type": "text (in quotes)",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} entries",
    "too_long": "at most {max_length} entries",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}


def _expectation(details: ErrorDetails) -> str:
    template = _EXPECTED.get(details["type"], details["msg"])
    return template.format(**details.get("ctx", {})).replace("'", "")
