"""A model to take away: exported with all it takes to serve it, and verified."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sluice.bundle.verify import Verified, verify_bundle
from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.session import AsJson, session_of
from sluice.client.bundle import write_bundle
from sluice.client.errors import NotConfigured
from sluice.domain.errors import IntegrityError


class BundleFormat(StrEnum):
    """`container` adds a Containerfile."""

    bundle = "bundle"
    container = "container"


def export(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The project whose model it is.")],
    version: Annotated[int, typer.Argument(min=1)],
    form: Annotated[BundleFormat, typer.Option("--format")] = BundleFormat.bundle,
    output: Annotated[Path | None, typer.Option(help="A new folder; MODEL-VERSION if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """A signed folder that serves the model anywhere: over HTTP, in a container, on Lambda."""
    told = session_of(context).api("deployer").bundle(model, version, form.value)
    try:
        verified = write_bundle(told, output or Path(f"{model}-{version}"))
    except IntegrityError as error:
        raise AnswerIsNo(f"what arrived is not what was signed: {error}") from error
    _print(verified, pinned=True, as_json=as_json)


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle.")],
    key: Annotated[
        str | None, typer.Option(help="The key that must have signed; else the deployment's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Whether a bundle is exactly what the deployment signed. Exit code 1 says that it is not."""
    expected = key or _deployment_key(context)
    try:
        verified = verify_bundle(folder, expected)
    except IntegrityError as error:
        raise AnswerIsNo(str(error)) from error
    _print(verified, pinned=expected is not None, as_json=as_json)


def _deployment_key(context: typer.Context) -> str | None:
    """None where no deployment is configured: then a signature tells of damage only, and we say so."""
    try:
        return session_of(context).api("viewer").signing_key()
    except NotConfigured:
        return None


def _print(verified: Verified, *, pinned: bool, as_json: bool) -> None:
    bundle = verified.bundle
    if as_json:
        told = {"project": bundle.project, "version": bundle.model_version, "format": bundle.format}
        show.dump({**told, "folder": str(verified.root), "key": verified.key, "key_expected": pinned})
        return
    say = show.console().print
    say(f"✓ {verified.root}: {bundle.project} version {bundle.model_version}, {len(bundle.files)} files")
    say(f"  signed by {verified.key}" + ("" if pinned else ": compare it, no deployment was asked"))
    say(f"  serve it: SLUICE_BUNDLE_KEY={verified.key} python {verified.root}/serve.py", soft_wrap=True)
