"""Where a deployment is and which tokens open it: from the environment, or from a profile's status file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.client.errors import NotConfigured

URL_VARIABLE = "SLUICE_API_URL"
TOKEN_VARIABLE = "SLUICE_TOKEN"  # noqa: S105 - a variable's name
ANY_ROLE = "*"
"""Key of a token whose roles we do not know: the deployment does."""


@dataclass(frozen=True, slots=True)
class Connection:
    """`tokens` by role; `status` is the whole status document of a local stack, empty for a cloud."""

    api_url: str
    tokens: Mapping[str, str] = field(repr=False)
    status: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def token(self, role: str) -> str:
        """The token to use for what needs this role. NotConfigured when there is none."""
        token = self.tokens.get(role) or self.tokens.get(ANY_ROLE)
        if not token:
            raise NotConfigured(f"there is no token with role {role}; set {TOKEN_VARIABLE}")
        return token


def connect(profile: str, *, state: Path, environment: Mapping[str, str]) -> Connection:
    """The deployment the environment names, else the profile's stack on this machine.

    `state` is the folder that holds profiles. NotConfigured says what is missing.
    """
    if url := environment.get(URL_VARIABLE):
        token = environment.get(TOKEN_VARIABLE, "")
        return Connection(url.rstrip("/"), {ANY_ROLE: token} if token else {})
    path = state / "profiles" / profile / "status.json"
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
        return Connection(status["api_url"].rstrip("/"), status["tokens"], status)
    except FileNotFoundError as error:
        raise NotConfigured(
            f"profile {profile} does not run here: start it with `sluice{_option(profile)} up`, "
            f"or set {URL_VARIABLE} and {TOKEN_VARIABLE} for a deployment elsewhere"
        ) from error
    except (ValueError, KeyError) as error:
        raise NotConfigured(
            f"the status of profile {profile} cannot be read: {path.name} is damaged"
        ) from error


def _option(profile: str) -> str:
    return "" if profile == "default" else f" --profile {profile}"
