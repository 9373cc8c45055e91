"""From an error to MLflow's error code and status: one table."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pydantic import ValidationError

from sluice.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
)
from sluice.web.caller import Unauthenticated
from sluice.web.problems import BadPageToken, BadRequest


class NoEndpoint(NotFound):
    """No route of ours: also what MLflow has and this server leaves out (its GenAI groups)."""


class NoAlias(Invalid):
    """A missing alias is a bad request to MLflow, not a missing thing."""


class _Row(NamedTuple):
    error: type[Exception]
    status: int
    code: str


#: The first row that fits decides. The client repeats 429 and 5xx: so no permanent error is one of them.
_TABLE = (
    _Row(NoEndpoint, 404, "ENDPOINT_NOT_FOUND"),
    _Row(NotFound, 404, "RESOURCE_DOES_NOT_EXIST"),
    _Row(AlreadyExists, 400, "RESOURCE_ALREADY_EXISTS"),
    _Row(Conflict, 409, "RESOURCE_CONFLICT"),
    _Row(TooLarge, 413, "INVALID_PARAMETER_VALUE"),
    _Row(BadPageToken, 400, "INVALID_PARAMETER_VALUE"),
    _Row(BadRequest, 400, "BAD_REQUEST"),
    _Row(Invalid, 400, "INVALID_PARAMETER_VALUE"),
    _Row(Unauthenticated, 401, "UNAUTHENTICATED"),
    _Row(Forbidden, 403, "PERMISSION_DENIED"),
    _Row(Unavailable, 429, "REQUEST_LIMIT_EXCEEDED"),
)


def error_answer(error: Exception) -> dict[str, Any] | None:
    """The answer to an error that is expected; None for one that nobody foresaw."""
    for row in _TABLE:
        if isinstance(error, row.error):
            return error_body(row.status, row.code, str(error))
    return None


def error_body(status: int, code: str, message: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"error_code": code, "message": message}),
    }


def invalid_from(error: ValidationError) -> Invalid:
    """Pydantic's first finding in MLflow's words."""
    found = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in found["loc"]) or "body"
    if found["type"] == "missing" or found.get("input") == "":
        return Invalid(f"Missing value for required parameter '{path}'.")
    value = json.dumps(found.get("input"), default=str)[:100]
    return Invalid(f"Invalid value {value} for parameter '{path}' supplied: {found['msg']}.")
