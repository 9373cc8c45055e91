"""What receivers of callbacks verify them with: shown, and changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pydantic import Field

from functions.manage_platform.routes import Body, Call, Json, Route, accepting
from sluice.domain.callback import SecretInUse, secret_of


class Rotate(Body):
    """`at_once`: the secret before signs nothing from now on, as it must be where it became known."""

    at_once: bool = Field(default=False)


@dataclass(frozen=True, slots=True)
class CallbackSecret(SecretInUse):
    """`secret` as libraries for Standard Webhooks take it."""

    secret: str = ""


def show(call: Call) -> Json:
    """Who has it can speak as this deployment to the project's receivers."""
    call.platform.projects.get(call.tenant, call.project)
    secrets = call.platform.callback_secrets
    call.record(call.project, "callback.secret_read", f"project:{call.project}")
    used = secrets.in_use(call.tenant, call.project)
    return {**asdict(used), "secret": secret_of(secrets.key(call.tenant, call.project, used))}


def rotate(call: Call, body: Rotate) -> Json:
    """A new secret signs from now on. Answers to repeated requests lie in a table: it is in none."""
    call.platform.projects.get(call.tenant, call.project)
    used = call.platform.callback_secrets.rotate(call.tenant, call.project, at_once=body.at_once)
    call.record(call.project, "callback.secret_rotated", f"project:{call.project}", **asdict(used))
    return asdict(used)


_PATH = "/projects/{project}/callback-secret"
ROUTES = (
    Route(
        "GET",
        _PATH,
        "callback.read",
        "What receivers verify the project's callbacks with",
        show,
        answer=CallbackSecret,
    ),
    Route(
        "POST",
        f"{_PATH}/rotation",
        "callback.rotate",
        "A new secret; the one before signs too for a day, unless it must not",
        accepting(Rotate, rotate),
        answer=SecretInUse,
        body=Rotate,
    ),
)
