"""The way of every request: caller, permission, body, idempotency key, work, answer or problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.manage_platform.platform import Platform
from functions.manage_platform.routes import PREFIX, Call, Json, Route, dumped
from sluice.domain.errors import NotFound
from sluice.web.caller import Caller, read_caller
from sluice.web.idempotency import fingerprint
from sluice.web.limits import MAX_TEXT_BYTES, read_body, within
from sluice.web.observability import CORRELATION_HEADER, LogKey, correlation_of, logger, note
from sluice.web.permissions import require, scope_of
from sluice.web.problems import CONTENT_TYPE, BadRequest, MethodNotAllowed, Problem, problem_of

_NOBODY = Caller("", "", frozenset(), frozenset(), "")
_IDEMPOTENCY_HEADER = "idempotency-key"

Answered = tuple[int, Json]


class Door:
    """Answers HTTP API events (payload 2.0) by a table of routes; no exception leaves it."""

    def __init__(self, routes: Sequence[Route], platform: Platform) -> None:
        self._routes = routes
        self._platform = platform
        self._resolver = APIGatewayHttpResolver()
        for route in routes:
            rule = re.sub(r"{(\w+)}", r"<\1>", route.address.partition(" ")[2])
            self._resolver.route(rule, method=route.method)(self._guarded(route))
        self._resolver.not_found(self._not_found)

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        return self._resolver.resolve(event, context)

    def _guarded(self, route: Route) -> Callable[..., Response[str]]:
        def serve(**path: str) -> Response[str]:
            event = self._resolver.current_event.raw_event
            note(route=route.address, action=route.action)
            try:
                status, body = self._serve(route, event, path)
                content = dumped(body)
                within(content.encode(), MAX_TEXT_BYTES)
            except Exception as error:  # noqa: BLE001 - the door: nothing leaks outside
                return _refusal(error, event)
            return _response(status, "application/json", content, event)

        return serve

    def _serve(self, route: Route, event: dict[str, Any], path: dict[str, str]) -> Answered:
        caller = _NOBODY if scope_of(route.action) == "open" else read_caller(event)
        note(principal=caller.principal, tenant=caller.tenant)
        require(caller, route.action, path.get("project"))
        call = Call(
            platform=self._platform,
            caller=caller,
            action=route.action,
            path=path,
            query=_query(route, event),
            raw=read_body(event),
            correlation_id=correlation_of(event),
        )
        key = (event.get("headers") or {}).get(_IDEMPOTENCY_HEADER)
        if route.method != "POST" or key is None:
            return route.status, route.work(call)
        return self._serve_once(route, call, key, event["rawPath"])

    def _serve_once(self, route: Route, call: Call, key: str, address: str) -> Answered:
        request = fingerprint(route.method, address, call.raw)
        ticket = self._platform.idempotency.begin(call.tenant, call.caller.principal, key, request)
        if ticket.replay:
            note(replayed=True)
            return ticket.replay.status, ticket.replay.body
        try:
            body = route.work(call)
        except Exception:
            self._platform.idempotency.forget(ticket)
            raise
        kept = {name: None if name in route.once else value for name, value in body.items()}
        self._platform.idempotency.finish(ticket, route.status, kept)
        return route.status, body

    def _not_found(self, _error: Exception) -> Response[str]:
        event = self._resolver.current_event.raw_event
        path = event.get("rawPath", "")
        allowed = {route.method for route in self._routes if _matches(route, path)}
        if allowed:
            return _refusal(MethodNotAllowed(f"this address takes {', '.join(sorted(allowed))}"), event)
        return _refusal(NotFound(f"no such address; {PREFIX}/openapi.json lists them"), event)


def _query(route: Route, event: dict[str, Any]) -> dict[str, str]:
    given: dict[str, str] = event.get("queryStringParameters") or {}
    unknown = sorted(set(given) - set(route.parameters))
    if unknown:
        known = ", ".join(route.parameters) or "none"
        raise BadRequest(f"unknown query parameter {unknown[0][:40]!r}; this route knows {known}")
    return given


def _matches(route: Route, path: str) -> bool:
    pattern = re.sub(r"{\w+}", "[^/]+", route.address.partition(" ")[2])
    return re.fullmatch(pattern, path) is not None


def _refusal(error: Exception, event: dict[str, Any]) -> Response[str]:
    problem: Problem = problem_of(error)
    note(code=str(problem.code))
    if problem.status >= 500:  # noqa: PLR2004 - ours, not the caller's
        logger().exception(LogKey.UNFORESEEN, exc_info=error)
    return _response(problem.status, CONTENT_TYPE, dumped(problem.body(correlation_of(event))), event)


def _response(status: int, content_type: str, body: str, event: dict[str, Any]) -> Response[str]:
    return Response(
        status_code=status,
        content_type=content_type,
        body=body,
        headers={CORRELATION_HEADER: correlation_of(event), "cache-control": "no-store"},
    )
