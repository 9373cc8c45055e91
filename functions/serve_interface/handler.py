"""MLflow's web interface: its page for whoever is signed in, its files for everybody."""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from urllib.parse import unquote

from functions.serve_interface.files import PAGE, Interface, open_interface
from sluice.domain.errors import Forbidden
from sluice.web.browser import SAFE_METHODS, redirect
from sluice.web.caller import read_caller
from sluice.web.observability import Event, note, observed

_FILES = "/static-files/"


@cache
def _interface() -> Interface:
    """KeyError names a variable that is missing."""
    s3 = os.environ.get("S3_PUBLIC_ENDPOINT") or f"https://s3.{os.environ['AWS_REGION']}.amazonaws.com"
    return open_interface(f"{s3}/{os.environ['ARTIFACTS_BUCKET']}/")


@observed
def handler(event: Event, _context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0)."""
    headers, path = event.get("headers") or {}, unquote(event["rawPath"])
    if event["requestContext"]["http"]["method"] not in SAFE_METHODS:
        return _interface().refusal(405, "this address is read only")
    if path.startswith(_FILES):
        return _interface().answer(path.removeprefix(_FILES), headers)
    try:
        note(principal=read_caller(event).principal)
    except Forbidden:
        return redirect("/sign-in")
    return _interface().answer(PAGE, headers)
