"""The MLflow door over moto: requests as the HTTP API hands them on."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from functions.track_runs.door import Door


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return str(self.json["error_code"])


@dataclass
class Client:
    """Speaks to the door as one caller; paths are below `/api/2.0/mlflow/` unless they begin with a slash."""

    door: Door
    tenant: str = "default"
    roles: str = "contributor"
    projects: str = "*"
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, query=query)

    def post(self, path: str, **body: Any) -> Answer:
        return self.send("POST", path, json.dumps(body).encode())

    def patch(self, path: str, **body: Any) -> Answer:
        return self.send("PATCH", path, json.dumps(body).encode())

    def delete(self, path: str, **body: Any) -> Answer:
        return self.send("DELETE", path, json.dumps(body).encode())

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: dict[str, Any] | None = None,
        kind: str = "application/json",
    ) -> Answer:
        full = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
        text = kind in {"application/json", "text/plain"}
        caller = {"tenant": self.tenant, "principal": "me", "roles": self.roles, "projects": self.projects}
        event = {
            "rawPath": unquote(full.replace("%25", "%2525")),
            "rawQueryString": urlencode(query or {}, doseq=True),
            "headers": self.headers,
            "requestContext": {
                "http": {"method": method, "path": full},
                "requestId": "r",
                "authorizer": {"lambda": caller},
            },
            "body": body.decode() if text else base64.b64encode(body).decode(),
            "isBase64Encoded": not text,
        }
        raw = self.door.answer(event)
        content = raw.get("body", "")
        decoded = base64.b64decode(content) if raw.get("isBase64Encoded") else content.encode()
        return Answer(raw["statusCode"], raw["headers"], decoded)


def refused(answer: Any, status: int = 400, code: str = "INVALID_PARAMETER_VALUE") -> str:
    assert (answer.status, answer.code) == (status, code), answer.content
    return str(answer.json["message"])
