"""From an error to a status, in one table; and the body that our own API answers with (RFC 9457).

Doors that speak another protocol take status and code from here and put them into that protocol's form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    IntegrityError,
    Invalid,
    NotFound,
    Reason,
    TooLarge,
    Unavailable,
)
from sluice.web.caller import Unauthenticated
from sluice.web.observability import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError

CONTENT_TYPE = "application/problem+json"


class BadRequest(Invalid):
    """The request cannot be read: it is no JSON, or a parameter is malformed."""


class MethodNotAllowed(NotFound):
    """The address exists, with other methods."""


class BadPageToken(BadRequest):
    """The page token is not one of ours, or belongs to another query."""


class InFlight(Conflict):
    """A request with the same idempotency key is still running."""


class KeyReused(Invalid):
    """An idempotency key came back with another request."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`detail` may be shown to the caller; `errors` say where the input is wrong."""

    status: int
    code: ErrorCode
    title: str
    detail: str
    errors: tuple[Reason, ...] = ()

    def body(self, correlation_id: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"urn:sluice:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": str(self.code),
            "correlation_id": correlation_id,
        }
        if self.errors:
            body["errors"] = [reason_body(reason) for reason in self.errors]
        return body


@dataclass(frozen=True, slots=True)
class _Row:
    error: type[Exception]
    status: int
    code: ErrorCode
    title: str


#: The first row that fits decides: narrow before wide.
_TABLE: tuple[_Row, ...] = (
    _Row(Unauthenticated, 401, ErrorCode.UNAUTHENTICATED, "A token is needed"),
    _Row(Forbidden, 403, ErrorCode.FORBIDDEN, "Not allowed"),
    _Row(MethodNotAllowed, 405, ErrorCode.METHOD_NOT_ALLOWED, "Not with this method"),
    _Row(NotFound, 404, ErrorCode.NOT_FOUND, "Not found"),
    _Row(InFlight, 409, ErrorCode.IN_FLIGHT, "The same request is still running"),
    _Row(AlreadyExists, 409, ErrorCode.ALREADY_EXISTS, "Already exists"),
    _Row(Conflict, 409, ErrorCode.CONFLICT, "Not possible in this state"),
    _Row(TooLarge, 413, ErrorCode.TOO_LARGE, "Too large"),
    _Row(BadPageToken, 400, ErrorCode.BAD_PAGE_TOKEN, "Not a page of this list"),
    _Row(BadRequest, 400, ErrorCode.BAD_REQUEST, "The request cannot be read"),
    _Row(KeyReused, 422, ErrorCode.KEY_REUSED, "This key belongs to another request"),
    _Row(Invalid, 422, ErrorCode.INVALID, "The input is wrong"),
    _Row(IntegrityError, 500, ErrorCode.CORRUPT, "Stored bytes are not what was recorded"),
    _Row(Unavailable, 503, ErrorCode.UNAVAILABLE, "Try again"),
)


def problem_of(error: Exception) -> Problem:
    """The problem an error is; whatever is not in the table is `internal` and keeps its text to itself."""
    for row in _TABLE:
        if isinstance(error, row.error):
            errors = error.reasons if isinstance(error, Invalid) else ()
            return Problem(row.status, row.code, row.title, str(error), errors)
    return Problem(
        500, ErrorCode.INTERNAL, "Something unforeseen happened", "it is in the log under this correlation id"
    )


def reasons_of(error: ValidationError) -> Sequence[Reason]:
    """Pydantic's findings as reasons: path, the value found (cut to 80 characters), what was expected."""
    return [
        Reason(
            path=".".join(str(part) for part in found["loc"]),
            message=found["msg"],
            value=_shown(found["type"], found.get("input")),
            expected=_expected(found),
        )
        for found in error.errors(include_url=False)
    ]


def reason_body(reason: Reason) -> dict[str, Any]:
    return {
        "path": reason.path,
        "value": reason.value,
        "expected": reason.expected,
        "message": reason.message,
    }


def _shown(kind: str, value: object) -> str | None:
    if kind == "missing" or isinstance(value, dict | list):
        return None
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - a terminal's line


def _expected(found: Any) -> str | None:  # noqa: ANN401 - pydantic's error dict
    if found["type"] == "extra_forbidden":
        return "no such field"
    context = found.get("ctx") or {}
    for name in ("expected", "pattern", "max_length", "min_length", "le", "ge", "gt", "lt"):
        if name in context:
            return f"{name.replace('_', ' ')}: {context[name]}" if name != "expected" else str(context[name])
    return None
