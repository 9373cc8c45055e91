"""The way in and out, in a browser: a wrong token, a right one, a link that leads home, sign-out, the end."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.browser.conftest import Watched


def test_in_with_a_token_to_where_a_link_led_and_out_again(
    new_page: Callable[[], Watched], tokens: dict[str, str]
) -> None:
    watched = new_page()
    page = watched.open("/models")
    page.get_by_role("heading", name="Sign in").wait_for()
    watched.picture("sign-in")
    watched.sign_in("slc_default_nobody_nothing")
    page.get_by_role("alert").wait_for()
    watched.picture("refused")
    assert [one.split()[0] for one in watched.problems if "console" not in one] != []
    watched.problems.clear()

    page = watched.open("/models")
    watched.sign_in(tokens["viewer"])
    page.get_by_role("heading", name="Registered Models").wait_for()
    assert page.url == f"{watched.origin}/#/models"
    assert page.evaluate("document.cookie") == ""

    page.goto(f"{watched.origin}/sign-in")
    page.get_by_text("local-viewer").wait_for()
    watched.picture("signed-in")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Token").wait_for()
    page = watched.open("/experiments")
    page.get_by_role("heading", name="Sign in").wait_for()
    assert watched.problems == []


def test_a_session_that_ended_leads_to_the_sign_in_with_the_next_page(
    new_page: Callable[[], Watched], api_as: Callable[[str], httpx.Client]
) -> None:
    made = api_as("admin").post("/sluice/v1/tokens", json={"principal": "eva", "roles": ["viewer"]}).json()
    assert "token" in made, made
    watched = new_page()
    page = watched.open("/experiments")
    watched.sign_in(made["token"])
    page.get_by_role("heading", name="Experiments").wait_for()
    page.context.clear_cookies()
    page.reload()
    page.get_by_label("Token").wait_for()
    assert watched.problems == []
