"""The interface in a browser: a signed-in page that remembers everything that went wrong in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

from sluice.local.stack import StackStatus
from tests.browser.chromium import NoBrowserError, find_chromium
from tests.local.conftest import api_as, aws, stack, tokens

__all__ = ["api_as", "aws", "stack", "tokens"]

HARMLESS = {
    # MLflow's assistant is not served; a page of this machine asks for it.
    r"/ajax-api/3\.0/mlflow/assistant/": "404",
    # How the page finds out that a new experiment's name is free.
    r"/ajax-api/2\.0/mlflow/experiments/get-by-name": "404",
    # MLflow's own basic authentication: without it there is no such user to ask for.
    r"/ajax-api/2\.0/mlflow/users/current": "404",
    # Given up by the page itself: it was left, or dropped its telemetry worker as there is no telemetry.
    r"": "net::ERR_ABORTED",
}
"""Addresses, and the only thing that may go wrong with them."""


@dataclass
class Watched:
    """A page; `problems` are console errors, exceptions, and requests that failed or were refused."""

    page: Page
    origin: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def open(self, place: str) -> Page:
        """Load the interface anew at a place (what follows the `#`)."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.origin}/#{place}")
        return self.page

    def sign_in(self, token: str) -> Page:
        self.page.fill("#token", token)
        self.page.get_by_role("button", name="Sign in").click()
        return self.page

    def picture(self, name: str) -> None:
        """A screenshot for whoever wants to look: SLUICE_SCREENSHOTS names the folder."""
        if folder := os.environ.get("SLUICE_SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(message.location.get("url", ""), message.text)

    def _failed(self, request: Request) -> None:
        self._note(request.url, f"failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._note(response.url, f"{response.request.method} {response.status}")

    def _note(self, url: str, words: str) -> None:
        if not any(re.search(place, url) and allowed in words for place, allowed in HARMLESS.items()):
            self.problems.append(f"{words} {url}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for whatever opens pages, and gone with them: Playwright's event loop is in the way of others'."""
    try:
        chromium = find_chromium()
    except NoBrowserError as error:
        pytest.skip(str(error))
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium.program,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            env={**os.environ, **chromium.environment},
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def new_page(browser: Browser, stack: StackStatus) -> Iterator[Callable[[], Watched]]:
    """A page of a browser that nobody has used."""
    contexts = []

    def opened() -> Watched:
        # A locale of its own: of a machine without one Chromium makes a tag that no formatter takes.
        context = browser.new_context(viewport={"width": 1500, "height": 900}, locale="en-GB")
        # A machine at work on other things too: what matters is that it comes.
        context.set_default_timeout(60_000)
        contexts.append(context)
        return Watched(context.new_page(), stack.api_url)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def shared_page(new_page: Callable[[], Watched], tokens: dict[str, str]) -> Watched:
    """Signed in as a contributor; one for the module, as a person keeps one open."""
    watched = new_page()
    watched.open("/experiments")
    watched.sign_in(tokens["contributor"])
    watched.page.get_by_role("heading", name="Experiments").wait_for()
    return watched


@pytest.fixture
def watched(shared_page: Watched) -> Iterator[Watched]:
    """The shared page; the test fails for anything that went wrong in it."""
    shared_page.problems.clear()
    yield shared_page
    assert shared_page.problems == []
