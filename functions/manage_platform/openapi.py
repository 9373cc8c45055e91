"""The API's own description, from the table of routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from functions.manage_platform.routes import Route
from sluice.domain.errors import Reason
from sluice.web.observability import ErrorCode
from sluice.web.permissions import roles_of, scope_of
from sluice.web.problems import CONTENT_TYPE

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_OPTIONAL_TEXT: Schema = {"anyOf": [{"type": "string"}, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457. `code` is a word of a fixed list; `errors` say where the input is wrong."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    correlation_id: str
    errors: tuple[Reason, ...] = ()


@cache
def document(routes: Sequence[Route]) -> Schema:
    """OpenAPI 3.1. The same for every caller, so made once."""
    schemas: dict[str, Schema] = {}
    problem = _schema(Problem, schemas)
    paths: dict[str, Schema] = {}
    for route in routes:
        method, _, path = route.address.partition(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(route, schemas, problem)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sluice control API", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The token as the password."},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Schema], problem: Schema) -> Schema:
    is_open = scope_of(route.action) == "open"
    operation: Schema = {
        "operationId": _name(route),
        "summary": route.summary,
        "description": "Open." if is_open else f"Roles: {', '.join(sorted(roles_of(route.action)))}.",
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {"description": route.summary, "content": _json(_answer(route, schemas))},
            "default": {"description": "A problem", "content": {CONTENT_TYPE: {"schema": problem}}},
        },
        "security": [] if is_open else [{"bearer": []}, {"basic": []}],
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _json(_schema(route.body, schemas))}
    return operation


def _parameters(route: Route) -> list[Schema]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in route.parameters]
    header = [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}]
    return path + query + (header if route.method == "POST" else [])


def _answer(route: Route, schemas: dict[str, Schema]) -> Schema:
    one = _schema(route.answer, schemas) if route.answer else {"type": "object"}
    if not route.paged:
        return one
    return {
        "type": "object",
        "required": ["items", "next_page_token"],
        "properties": {
            "items": {"type": "array", "items": one},
            "next_page_token": _OPTIONAL_TEXT,
        },
    }


def _schema(kind: Any, schemas: dict[str, Schema]) -> Schema:  # noqa: ANN401 - whatever pydantic describes
    found = TypeAdapter(kind).json_schema(ref_template=_REFERENCE, mode="serialization")
    schemas.update(found.pop("$defs", {}))
    if "$ref" in found:
        return found
    schemas[kind.__name__] = found
    return {"$ref": _REFERENCE.format(model=kind.__name__)}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _name(route: Route) -> str:
    """`get_projects_project`: the method and the path's words; the root's own routes say so."""
    path = route.path if not route.root else f"/root{route.path}"
    return re.sub(r"[^a-z]+", "_", f"{route.method}{path}".lower()).strip("_")
