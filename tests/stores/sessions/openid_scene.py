"""A door that signs people in by an OpenID provider, and a browser in front of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from functions.open_session.door import Door
from functions.open_session.provider import GroupAccess, Provider
from sluice.stores.sessions import SessionStore
from sluice.stores.tokens import TokenStore
from tests.stores.deployments import MotoDeployment

ORIGIN = "https://mlops.example.com"
ACCESS = (
    GroupAccess("risk", ("contributor",), ("credit",)),
    GroupAccess("auditors", ("auditor", "viewer")),
)
Answer = dict[str, Any]


@dataclass
class Browser:
    """One browser at the door; it keeps cookies as browsers do."""

    door: Door
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, query: str = "") -> Answer:
        answer = self.door.answer(
            {
                "rawPath": path,
                "rawQueryString": query,
                "headers": {"host": "mlops.example.com"},
                "cookies": [f"{name}={value}" for name, value in self.cookies.items()],
                "requestContext": {"http": {"method": "GET"}},
            }
        )
        for cookie in answer.get("cookies", []):
            name, _, rest = cookie.partition("=")
            assert name.startswith("__Host-")
            assert "; Secure" in rest
            self.cookies[name] = rest.partition(";")[0]
        return answer

    @property
    def who(self) -> str:
        found = self.door.sessions.find(self.cookies.get("__Host-sluice-session", ""))
        return found[1].principal if found else ""


def door_to(deployment: MotoDeployment, issuer: str, **changes: Any) -> Door:
    provider = Provider(**{"issuer": issuer, "client_id": "sluice", "access": ACCESS, **changes})
    sessions = SessionStore(TokenStore(deployment.platform))
    return Door(sessions, deployment.audit, ORIGIN, provider, lambda name: f"secret of {name}")
