"""Answers in HTTP API form, and errors in the form of each protocol."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sluice.domain.errors import (
    Conflict,
    Forbidden,
    IntegrityError,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
)
from sluice.scoring.invocations import UnsupportedMediaType
from sluice.web.caller import Unauthenticated
from sluice.web.limits import GATEWAY, Limits
from sluice.web.problems import CONTENT_TYPE, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Form = Literal["open_inference", "mlflow", "problem"]

WAY_OUT = "send fewer rows at once, or ask for the label only, or for binary tensors"


class MethodNotAllowedError(Invalid):
    """The address exists, but not for this method."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`binary` content goes through the gateway in base64; other content is ASCII text."""

    status: int
    content: bytes
    content_type: str = "application/json"
    binary: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(body: object) -> Answer:
    return Answer(200, json.dumps(body, separators=(",", ":")).encode())


def predictions_answer(body: Mapping[str, Any], ids: list[str]) -> Answer:
    """The body with its prediction ids, in which JSON escapes nothing: joined they cost a third."""
    text, joined = json.dumps(body, separators=(",", ":")), '","'.join(ids)
    return Answer(200, f'{text[:-1]},"prediction_ids":["{joined}"]}}'.encode())


def within_limits(answer: Answer, limits: Limits = GATEWAY) -> Answer:
    """The answer, unless Lambda would cut it: then TooLarge, with the way out. Quotes count twice, as
    they are escaped on their way to the gateway.
    """
    content = answer.content
    limit = limits.binary if answer.binary else limits.text
    if 2 * len(content) <= limit:
        return answer
    size = len(content) if answer.binary else len(content) + content.count(b'"') + content.count(b"\\")
    if size > limit:
        raise TooLarge(f"the answer would take {size} bytes, where at most {limit} fit: {WAY_OUT}")
    return answer


def as_event(answer: Answer) -> dict[str, Any]:
    """The answer as the HTTP API takes it."""
    body = base64.b64encode(answer.content) if answer.binary else answer.content
    return {
        "statusCode": answer.status,
        "headers": {"content-type": answer.content_type, **answer.headers},
        "body": body.decode(),
        "isBase64Encoded": answer.binary,
    }


#: Error, status, MLflow's error_code. The first that fits decides: narrow before wide.
_TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (Unauthenticated, 401, "UNAUTHENTICATED"),
    (Forbidden, 403, "PERMISSION_DENIED"),
    (NotFound, 404, "RESOURCE_DOES_NOT_EXIST"),
    (MethodNotAllowedError, 405, "BAD_REQUEST"),
    (Conflict, 409, "RESOURCE_CONFLICT"),
    (TooLarge, 413, "BAD_REQUEST"),
    (UnsupportedMediaType, 415, "BAD_REQUEST"),
    (Invalid, 400, "INVALID_PARAMETER_VALUE"),
    (Unavailable, 429, "REQUEST_LIMIT_EXCEEDED"),
    (IntegrityError, 503, "TEMPORARILY_UNAVAILABLE"),
)
_UNFORESEEN = (500, "INTERNAL_ERROR")


def is_foreseen(error: Exception) -> bool:
    return isinstance(error, tuple(row[0] for row in _TABLE))


def error_answer(error: Exception, form: Form, request_id: str, correlation_id: str = "") -> Answer:
    """The error as the protocol says it; the text of what nobody foresaw stays inside."""
    if form == "problem":
        problem = problem_of(error)
        return Answer(problem.status, json.dumps(problem.body(correlation_id)).encode(), CONTENT_TYPE)
    foreseen = is_foreseen(error)
    status, code = next((row[1:] for row in _TABLE if isinstance(error, row[0])), _UNFORESEEN)
    text = str(error) if foreseen else f"something unforeseen happened, it is in the log under {request_id}"
    body: dict[str, Any] = (
        {"error": text} if form == "open_inference" else {"error_code": code, "message": text}
    )
    if form == "mlflow" and isinstance(error, Invalid) and error.reasons:
        body["violations"] = [
            {"field": reason.path, "value": reason.value, "expectation": reason.expected}
            for reason in error.reasons
        ]
    headers = {"x-sluice-request-id": request_id} | ({"retry-after": "1"} if status == 429 else {})  # noqa: PLR2004
    return Answer(status, json.dumps(body).encode(), headers=headers)
