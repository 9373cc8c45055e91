"""What every command knows: the profile, the role to act in, and the way to the deployment."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from sluice.client.api import Api
from sluice.client.connection import URL_VARIABLE, Connection, connect
from sluice.client.transport import Transport

STATE = Path(__file__).resolve().parents[2] / ".sluice"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest first.")]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until the training has ended.")]


@dataclass(frozen=True)
class Session:
    """`role`: act with this role's token instead of the one a command needs."""

    profile: str
    role: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def command(self, words: str) -> str:
        """A command line that does this, as it can be typed where this process was started."""
        option = "" if self.profile == "default" else f" --profile {self.profile}"
        return f"{_program()}{option} {words}"

    @property
    def is_elsewhere(self) -> bool:
        """The environment names a deployment; no profile of this machine is meant."""
        return URL_VARIABLE in self.environment

    @property
    def connection(self) -> Connection:
        return connect(self.profile, state=STATE, environment=self.environment)

    def transport(self, role: str) -> Transport:
        """A connection with the token of the role that a command needs; NotConfigured without one."""
        return Transport(self.connection, self.role or role)

    def api(self, role: str) -> Api:
        return Api(self.transport(role))


def session_of(context: typer.Context) -> Session:
    """The session that the application's callback made."""
    found = context.obj
    if not isinstance(found, Session):
        raise TypeError("the command runs outside the application")
    return found


def _program() -> str:
    """`sluice` where the shell finds this very one, else the way to it."""
    own = Path(sys.argv[0])
    if own.name != "sluice" or shutil.which("sluice") == str(own.absolute()):
        return "sluice"
    here = Path.cwd()
    return str(own.absolute().relative_to(here)) if own.absolute().is_relative_to(here) else str(own)
