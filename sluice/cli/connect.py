"""Reaching a deployment in AWS for the first time."""

import getpass
import shlex
from typing import Annotated

import typer

from sluice.client.connection import TOKEN_VARIABLE, URL_VARIABLE


def connect(
    stage: Annotated[str, typer.Option(help="As it was deployed: dev, prod.")] = "dev",
    principal: Annotated[str | None, typer.Option(help="Whom the token names; else you.")] = None,
) -> None:
    """Make an administrator's token by your AWS credentials: eval "$(sluice connect)"."""
    from sluice.local.connect import connect as reach  # noqa: PLC0415 - what talks to AWS loads slowly

    connected = reach(stage, principal=principal or getpass.getuser())
    print(f"export {URL_VARIABLE}={shlex.quote(connected.api_url)}")
    print(f"export {TOKEN_VARIABLE}={shlex.quote(connected.token)}")
