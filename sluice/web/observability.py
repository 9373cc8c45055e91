"""The only place that names loggers, log keys and error codes.

Every function writes one `access` line an invocation; metrics are derived from these lines, so that a
thousand models cost no metric each. Keys, not sentences: what a line means is in its fields.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from enum import StrEnum
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

Event = dict[str, Any]
Handler = Callable[[Event, Any], Any]

CORRELATION_HEADER = "x-correlation-id"
_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class ErrorCode(StrEnum):
    """What a problem is called: in the bodies of answers and in the log."""

    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    ALREADY_EXISTS = "already_exists"
    IN_FLIGHT = "in_flight"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID = "invalid"
    KEY_REUSED = "idempotency_key_reused"
    BAD_PAGE_TOKEN = "bad_page_token"  # noqa: S105 - a code, no secret
    CORRUPT = "corrupt"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class LogKey(StrEnum):
    """The messages of log lines."""

    ACCESS = "access"
    UNFORESEEN = "unforeseen"
    WAKE_FAILED = "wake_failed"
    ARTEFACT_REFUSED = "artefact_refused"
    STARTED = "started"
    HOME_UNREACHABLE = "home_unreachable"
    RECORD_REFUSED = "record_refused"
    PROTECTED_RANKED = "protected_ranked"


_notes: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


class _Lines(LambdaPowertoolsFormatter):
    """Powertools' lines; an access line, of which every answer has one, in a fourth of the time."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        if record.msg is not LogKey.ACCESS:
            return super().format(record)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.created))
        line = {
            "level": record.levelname,
            "message": record.msg,
            "timestamp": f"{moment},{int(record.msecs):03d}+0000",
            **{key: self.log_format[key] for key in ("service", "correlation_id") if key in self.log_format},
            **record.__dict__["line"],
        }
        return json.dumps(line, separators=(",", ":"), default=str)


@cache
def logger() -> Logger:
    """The room's logger: JSON lines, service and level from the environment."""
    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "sluice")
    return Logger(
        service=service, level=os.environ.get("LOG_LEVEL", "INFO"), logger_formatter=_Lines(service=service)
    )


def note(**fields: Any) -> None:
    """Add fields to this invocation's access line; nothing outside an observed handler."""
    line = _notes.get()
    if line is not None:
        line.update(fields)


def observed(handler: Handler) -> Handler:
    """The handler with one access line an invocation: correlation id, milliseconds, status or outcome.

    An exception is logged with its trace and goes on: the caller (a workflow, a queue) must see it.
    """
    warm: list[bool] = []

    @wraps(handler)
    def observe(event: Event, context: Any) -> Any:  # noqa: ANN401 - what the room answers
        line: dict[str, Any] = {"cold": not warm, **_about(event)}
        warm.append(True) if not warm else None
        token = _notes.set(line)
        started = time.perf_counter()
        logger().set_correlation_id(correlation_of(event, context))
        try:
            answer = handler(event, context)
            line |= _result(answer)
        except Exception:
            line["outcome"] = "raised"
            logger().exception(LogKey.UNFORESEEN, extra=_about(event))
            raise
        else:
            return answer
        finally:
            line["milliseconds"] = round((time.perf_counter() - started) * 1000, 1)
            logger().info(LogKey.ACCESS, extra={"line": line})
            _notes.reset(token)

    return observe


def correlation_of(event: Mapping[str, Any], context: Any = None) -> str:  # noqa: ANN401 - Lambda's
    """The id that ties this invocation to its cause: the caller's header, the event's or a new one."""
    given = (event.get("headers") or {}).get(CORRELATION_HEADER, "")
    if _CORRELATION.fullmatch(given):
        return str(given)
    detail = event.get("detail")
    found = (
        event.get("correlation_id")
        or (detail.get("correlation_id") if isinstance(detail, Mapping) else None)
        or (event.get("requestContext") or {}).get("requestId")
        or getattr(context, "aws_request_id", None)
    )
    return str(found or uuid.uuid4())


def _about(event: Event) -> dict[str, Any]:
    """What an access line says of any event: the route, or the records the event names."""
    http = (event.get("requestContext") or {}).get("http")
    if http:
        return {"method": http.get("method"), "path": event.get("rawPath")}
    records = ("training_id", "promotion_id", "batch_id")
    named = ("tenant", "project", *records, "step", "attempt", "detail-type")
    return {name: event[name] for name in named if name in event}


def _result(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - the room's answer
    if not isinstance(answer, Mapping):
        return {}
    return {
        key: answer[name]
        for key, name in (("status", "statusCode"), ("outcome", "outcome"), ("authorized", "isAuthorized"))
        if name in answer
    }
