"""The `sluice` command: what all commands share, and its errors in one table."""

import os
import sys
from typing import Annotated

import typer

from sluice import __version__
from sluice.cli import failures
from sluice.cli.commands import Commands
from sluice.cli.session import Session
from sluice.web.permissions import ROLES

app = typer.Typer(
    name="sluice",
    cls=Commands,
    help="From an uploaded file to an approved model that answers, and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"sluice {__version__}")
        raise typer.Exit


def _known_role(role: str | None) -> str | None:
    if role is not None and role not in ROLES:
        raise typer.BadParameter(f"{role} is none of {', '.join(ROLES)}")
    return role


@app.callback()
def prepare(
    context: typer.Context,
    profile: Annotated[
        str, typer.Option("--profile", envvar="SLUICE_PROFILE", help="Which stack on this machine.")
    ] = "default",
    role: Annotated[
        str | None,
        typer.Option("--as", callback=_known_role, help="Act with this role's token, not the usual one."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = Session(profile, role)


def main() -> None:
    """Run the command of this process; expected failures print what is wrong and end with their code."""
    try:
        app()
    except failures.EXPECTED as error:
        sys.exit(failures.report(error))
    except BrokenPipeError:
        # Whoever read our output has enough of it; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
