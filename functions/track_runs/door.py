"""From an HTTP API event to a route's answer, in MLflow's forms."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, get_origin
from urllib.parse import parse_qs, unquote

from pydantic import ValidationError

from functions.track_runs import errors, guards
from functions.track_runs.artifacts import TOO_LARGE
from functions.track_runs.call import Call, answer
from functions.track_runs.histories import Histories
from functions.track_runs.requests import Request
from functions.track_runs.routes import Route, find_route
from sluice.domain.errors import TooLarge
from sluice.stores.tracking import Tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.web.caller import read_caller
from sluice.web.limits import read_body
from sluice.web.observability import Event, LogKey, logger, note
from sluice.web.permissions import require
from sluice.web.problems import BadRequest

if TYPE_CHECKING:
    from sluice.stores.deployment import Deployment


@dataclass(frozen=True)
class Door:
    """`tracking`, `files` and `platform` are called when first needed."""

    tracking: Callable[[], Tracking]
    files: Callable[[], ArtifactFiles]
    platform: Callable[[], Deployment] | None = None
    page_keys: dict[str, bytes] = field(default_factory=dict)
    histories: Histories = field(default_factory=Histories)

    def answer(self, event: Event) -> dict[str, Any]:
        """The answer; every error in MLflow's form."""
        try:
            return self._answered(event)
        except ValidationError as error:
            expected = errors.error_answer(errors.invalid_from(error))
        except Exception as error:  # noqa: BLE001 - the door: nothing leaves but MLflow's form
            expected = errors.error_answer(error)
            if expected is None:
                logger().exception(LogKey.UNFORESEEN)
                note(outcome="raised")
        return expected or errors.error_body(
            500, "INTERNAL_ERROR", f"Something unforeseen happened, request {_request_id(event)}"
        )

    def _answered(self, event: Event) -> dict[str, Any]:
        method = event["requestContext"]["http"]["method"]
        # The gateway has decoded everything but the percent sign itself.
        path = unquote(event["rawPath"])
        found = find_route(method, path)
        if found is None:
            raise errors.NoEndpoint(f"No endpoint {method} {path[:200]}")
        route, parts = found
        caller = read_caller(event)
        require(caller, route.action)
        note(tenant=caller.tenant, principal=caller.principal, route=route.path)
        body = _body(event, route)
        call = Call(
            caller,
            route.path,
            self.tracking(),
            self.files,
            body,
            self.page_keys,
            self.platform,
            self.histories,
        )
        return self._called(call, route, parts, event)

    def _called(self, call: Call, route: Route, parts: Mapping[str, str], event: Event) -> dict[str, Any]:
        query = parse_qs(event.get("rawQueryString") or "", keep_blank_values=True)
        single = {name: values[-1] for name, values in query.items()}
        request = _request(route.model, call.body, query, parts) if route.model else None
        path = parts.get("path") or single.get("path", "")
        guards.guard(call, route.action, request, path, single)
        match route.takes:
            case "request":
                given: tuple[Any, ...] = (request,)
            case "path":
                given = (path,)
            case "path+request":
                given = (path, request)
            case "query":
                given = (path,) if route.path.startswith("mlflow-artifacts") else (single,)
            case "id+query":
                given = (parts["model_id"], single)
            case _:
                given = ()
        answered = route.function(call, *given)
        if isinstance(answered, dict) and "statusCode" in answered:
            return answered
        return answer(answered, (event.get("headers") or {}).get("accept-encoding", ""))


def _body(event: Event, route: Route) -> bytes:
    try:
        return read_body(event)
    except TooLarge as error:
        raise TooLarge(TOO_LARGE if route.methods == "PUT" else str(error)) from error


def _request(
    model: type[Request], body: bytes, query: Mapping[str, list[str]], parts: Mapping[str, str]
) -> Request:
    """The request's fields: of the body, else of the query, and of the path."""
    lists = _lists(model)
    fields: dict[str, Any] = {
        name: values if name in lists else values[-1] for name, values in query.items() if values
    }
    if body:
        fields |= {name: value for name, value in _json(body).items() if value is not None}
    # The rest of an address (`path`) is the function's own argument: a body has a `path` of its own.
    named = {name: value for name, value in parts.items() if name != "path"}
    return model.model_validate({**fields, **named})


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The request body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise BadRequest("The request body must be a JSON object.")
    return content


@cache
def _lists(model: type[Request]) -> frozenset[str]:
    """The fields that hold several values: a query names those once for each."""
    return frozenset(
        name for name, part in model.model_fields.items() if get_origin(part.annotation) is tuple
    )


def _request_id(event: Event) -> str:
    return str((event.get("requestContext") or {}).get("requestId", ""))
