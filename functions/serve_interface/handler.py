"""MLflow's web interface: its page for whoever is signed in, its files for everybody."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote

from functions.serve_interface.files import Interface, open_interface
from functions.serve_interface.settings import settings
from sluice.domain.errors import Forbidden
from sluice.web.browser import SAFE_METHODS, redirect
from sluice.web.caller import read_caller
from sluice.web.observability import Event, note, observed

PAGE = "index.html"
_FILES = "/static-files/"


@cache
def _interface() -> Interface:
    return open_interface(settings().link_sources)


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
