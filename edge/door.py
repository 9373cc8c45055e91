"""Requests as API Gateway hands them over: who asks, and the short addresses of a server of one model."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from functions.predict.door import answer
from functions.predict.serving import Serving
from sluice.domain.endpoints import EDGE
from sluice.web.limits import Limits
from sluice.web.observability import Event, observed

TENANT = "default"
#: MLflow's and SageMaker's containers answer these at the root.
_SHORT = frozenset({"ping", "health", "version", "invocations", "score", "explain"})
_CALLER = {"tenant": TENANT, "principal": "edge", "roles": "invoker", "projects": "*", "token_id": ""}


class Door:
    """Answers HTTP API events (payload 2.0) for one project; no exception leaves it."""

    def __init__(self, serving: Serving, project: str, limits: Limits, token: str = "") -> None:
        self._serving, self._project, self._limits, self._token = serving, project, limits, token
        self.respond = observed(self._respond)

    def _respond(self, event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        return answer(self._serving, self._admit(event), context, limits=self._limits)

    def _admit(self, event: Event) -> Event:
        """The event with its caller, if the token is right or none is wanted, and its whole address."""
        path = event.get("rawPath") or "/"
        short = path.strip("/")
        if short in _SHORT:
            path = f"/endpoints/{self._project}/{EDGE}/{short}"
        context = {**event["requestContext"], "authorizer": {}}
        if self._may_ask(event.get("headers") or {}):
            context["authorizer"] = {"lambda": _CALLER}
        return {**event, "rawPath": path, "requestContext": context}

    def _may_ask(self, headers: Mapping[str, str]) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        kind, _, secret = given.partition(" ")
        if kind.lower() == "basic":
            try:
                secret = base64.b64decode(secret).decode().partition(":")[2]
            except ValueError:
                secret = ""
        return not self._token or hmac.compare_digest(secret.strip().encode(), self._token.encode())
