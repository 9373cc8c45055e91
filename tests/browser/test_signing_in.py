"""The way in and out, in a browser: a wrong token, a right one, a link that leads home, sign-out, the end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sluice.domain.audit import PLATFORM
from tests.browser.conftest import Watched
from tests.browser.scene import Scene, make_scene


@pytest.fixture(scope="module")
def scene(api_as: Callable[[str], httpx.Client]) -> Scene:
    return make_scene(api_as("contributor"))


def test_in_with_a_token_to_where_a_link_led_and_out_again(
    new_page: Callable[[], Watched], tokens: dict[str, str], scene: Scene
) -> None:
    watched, place = new_page(), f"/experiments/{scene.experiment}/runs/{scene.runs[1]}"
    page = watched.open(place)
    page.get_by_role("heading", name="Sign in").wait_for()
    watched.picture("sign-in")
    watched.sign_in("slc_default_nobody_nothing")
    page.get_by_role("alert").wait_for()
    watched.picture("refused")
    assert [one.split()[0] for one in watched.problems if "console" not in one] != []
    watched.problems.clear()

    watched.sign_in(tokens["viewer"])
    page.get_by_role("heading", name="run-1").wait_for()
    assert page.url.startswith(f"{watched.origin}/#{place}")
    assert page.evaluate("document.cookie") == ""

    page.goto(f"{watched.origin}/sign-in")
    page.get_by_text("local-viewer").wait_for()
    watched.picture("signed-in")
    page = watched.open(place)
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


SECRET = "/sluice/openid-of-a-test"


@pytest.fixture
def issuer(aws: Callable[[str], Any]) -> Iterator[str]:
    """A provider on this machine, and the deployed function told of it as a stage with `openid` tells it."""
    from oidc_provider_mock import User, run_server_in_thread

    functions, roles = aws("lambda"), aws("iam")
    (function,) = (
        one
        for page in functions.get_paginator("list_functions").paginate()
        for one in page["Functions"]
        if "OpenSession" in one["FunctionName"]
    )
    name, before = function["FunctionName"], function["Environment"]["Variables"]
    policy = {"RoleName": function["Role"].rpartition("/")[2], "PolicyName": SECRET.strip("/")}
    read = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}
    ada = User(sub="ada", claims={"email": "ada@example.com", "groups": ["risk"]})
    with run_server_in_thread(user_claims=[ada]) as server:
        issuer = f"http://localhost:{server.server_port}"
        access = [{"group": "risk", "roles": ["contributor"], "projects": ["*"]}]
        openid = {"issuer": issuer, "client_id": "sluice", "access": access, "secret_parameter": SECRET}
        aws("ssm").put_parameter(Name=SECRET, Value="s", Type="SecureString", Overwrite=True)
        document = json.dumps({"Version": "2012-10-17", "Statement": [read]})
        roles.put_role_policy(**policy, PolicyDocument=document)
        variables = {**before, "OPENID": json.dumps(openid)}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        yield issuer
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})
        roles.delete_role_policy(**policy)


@pytest.mark.filterwarnings("ignore")  # of the provider's libraries
def test_in_through_the_organisations_provider_to_where_a_link_led_which_is_audited(
    new_page: Callable[[], Watched], api_as: Callable[[str], httpx.Client], issuer: str, scene: Scene
) -> None:
    watched, place = new_page(), f"/experiments/{scene.experiment}/runs/{scene.runs[2]}/artifacts/notes"
    page = watched.open(place)
    # The provider's page wants a style from elsewhere.
    page.route(re.compile("^https:"), lambda route: route.fulfill(body="", content_type="text/css"))
    page.get_by_role("link", name="Sign in with localhost").click()
    page.get_by_role("button", name="ada").click()
    page.get_by_text("readme.txt").first.wait_for()
    assert page.url.startswith(f"{watched.origin}/#{place}")
    assert page.evaluate("document.cookie") == ""
    assert watched.problems == []

    page.goto(f"{watched.origin}/sign-in")
    page.get_by_text("ada@example.com").wait_for()
    events = api_as("auditor").get(f"/sluice/v1/projects/{PLATFORM}/audit").json()["items"]
    (told,) = (one for one in events if one["actor"] == issuer)
    assert (told["action"], told["details"]["principal"]) == ("token.issue", "ada@example.com")
