"""The control API as a caller sees it: events in, status and body out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from functions.manage_platform.door import Door
from functions.manage_platform.platform import Platform
from functions.manage_platform.table import ROUTES
from sluice.web.caller import Caller
from tests.stores.deployments import MotoDeployment


class MotoPlatform(MotoDeployment, Platform):
    """The room's stores over moto."""


def person(name: str, *roles: str, projects: str = "*", tenant: str = "default") -> Caller:
    return Caller(tenant, name, frozenset(roles), frozenset(projects.split(",")), f"token-of-{name}")


ADA = person("ada", "contributor")
BEN = person("ben", "approver")
CID = person("cid", "deployer")
EVE = person("eve", "viewer")
ROOT = person("root", "admin", "auditor")
SCORER = person("scorer", "invoker")


@dataclass(frozen=True)
class Answered:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    def ok(self) -> dict[str, Any]:
        assert self.status < 300, self.body
        return self.body

    def problem(self, status: int, code: str) -> dict[str, Any]:
        """The RFC 9457 body, once it is sure that it is one."""
        assert (self.status, self.body.get("code")) == (status, code), self.body
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.body["status"] == status
        assert self.body["correlation_id"]
        return self.body


@dataclass(frozen=True)
class Api:
    platform: MotoPlatform
    door: Door

    @classmethod
    def over(cls, deployment: MotoDeployment) -> Api:
        platform = MotoPlatform(deployment.environment, deployment.time)
        return cls(platform, Door(ROUTES, platform))

    def get(self, path: str, who: Caller | None = ADA, **query: str) -> Answered:
        return self.send("GET", path, who, query=query)

    def post(self, path: str, body: Any, who: Caller | None = ADA, **headers: str) -> Answered:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", path, who, content=content, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        who: Caller | None,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        event = http_event(method, f"/sluice/v1{path}", who, query, content, headers)
        answer = self.door.answer(event, None)
        sent = {name: str(value) for name, value in answer["headers"].items()}
        return Answered(answer["statusCode"], json.loads(answer["body"]), sent)


def http_event(
    method: str,
    path: str,
    who: Caller | None,
    query: Mapping[str, str] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What API Gateway's HTTP API hands over (payload 2.0), with the authorizer's context."""
    context: dict[str, Any] = {
        "stage": "$default",
        "requestId": "request-1",
        "http": {"method": method, "path": path},
    }
    if who:
        context["authorizer"] = {
            "lambda": {
                "tenant": who.tenant,
                "principal": who.principal,
                "roles": ",".join(sorted(who.roles)),
                "projects": ",".join(sorted(who.projects)),
                "token_id": who.token_id,
            }
        }
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
    if content is not None:
        event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
    return event
