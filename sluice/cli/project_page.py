"""docs/project-yaml.md, printed from the model itself: `python -m sluice.cli.project_page`."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sluice.project.schema import ProjectSpec

_HEAD = """\
# project.yaml

Printed from the model itself (`python -m sluice.cli.project_page > docs/project-yaml.md`); a test compares
the two. Editors check a file against `docs/project.schema.json`; `sluice project init` writes a first one
from a data file, and `examples/credit/project.yaml` is a whole one. Every push is an immutable version with
a digest. Unknown keys are mistakes; every mistake is answered with path, value and expectation.

| key | what it may be | unless said otherwise | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows("", ProjectSpec))


def _rows(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        inner, is_list = _section(field.annotation)
        path = f"{prefix}{name}{'[]' if inner and is_list else ''}"
        meaning = " ".join((field.description or (inner.__doc__ if inner else "") or "").split())
        yield f"`{path}`", _kind(field.annotation, inner), _default(field, inner), meaning
        if inner:
            yield from _rows(f"{path}.", inner)


def _section(annotation: Any) -> tuple[type[BaseModel] | None, bool]:  # noqa: ANN401 - any annotation
    """The model within an annotation, and whether there is a list of it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    found = (_section(argument)[0] for argument in get_args(annotation))
    return next((model for model in found if model), None), get_origin(annotation) is tuple


def _kind(annotation: Any, inner: type[BaseModel] | None) -> str:  # noqa: ANN401
    if inner:
        return "list" if get_origin(annotation) is tuple else "mapping"
    arguments = [each for each in get_args(annotation) if each is not type(None)]
    if arguments:
        return _compound(get_origin(annotation), arguments)
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(annotation, "text")


def _compound(origin: Any, arguments: list[Any]) -> str:  # noqa: ANN401
    if origin is Literal:
        return ", ".join(str(each) for each in arguments)
    if origin is tuple:
        return f"list of {_kind(arguments[0], None)}"
    if origin is dict:
        return "numbers by name" if arguments[1] is float else "values by name"
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(_kind(each, None) for each in arguments))
    return _kind(arguments[0], None)


def _default(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    if field.is_required():
        return "required"
    if inner or field.default_factory is not None or field.default in (None, ()):
        return ""
    return re.sub(r"\.0$", "", str(field.default)).lower()


if __name__ == "__main__":
    print(page(), end="")
