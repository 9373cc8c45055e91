"""Signing in by an OpenID provider, against one from a package."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from functions.open_session.door import Door
from sluice.domain.audit import PLATFORM
from sluice.stores.sessions import SessionStore
from sluice.stores.tokens import TokenStore
from tests.stores.deployments import MotoDeployment
from tests.stores.sessions.openid_scene import ORIGIN, Browser, door_to

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    from oidc_provider_mock import User, run_server_in_thread

    users = [
        User(sub="ada", claims={"email": "ada@example.com", "groups": ["risk", "auditors"]}),
        User(sub="bob", claims={"email": "bob@example.com", "groups": ["cooks"]}),
        User(sub="eva", claims={"email": "eva@example.com", "email_verified": False, "groups": ["risk"]}),
    ]
    with run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


def authorize(location: str, **form: str) -> str:
    """What the provider sends the browser back with, after its own page."""
    answer = httpx.post(location, data=form)
    return urlsplit(answer.headers["location"]).query


def test_a_person_known_to_the_provider_is_signed_in_with_the_access_of_their_group(
    deployment: MotoDeployment, issuer: str
) -> None:
    browser = Browser(door_to(deployment, issuer, secret_parameter="/sluice/openid"))
    location = browser.get("/sign-in/openid")["headers"]["location"]
    arrived = browser.get("/sign-in/openid/callback", authorize(location, sub="ada"))

    assert (arrived["statusCode"], arrived["headers"]["location"]) == (303, "/")
    found = browser.door.sessions.find(browser.cookies["__Host-sluice-session"])
    assert found
    token = found[1]
    assert (token.principal, token.roles, token.projects) == (
        "ada@example.com",
        ("contributor",),
        ("credit",),
    )
    assert token.created_by == issuer
    (told,) = deployment.audit.events("default", PLATFORM).values()
    assert (told.actor, told.action, told.subject) == (issuer, "token.issue", f"token:{token.token_id}")
    # Administrators end it like every token.
    browser.door.sessions.tokens.revoke("default", token.token_id)
    assert browser.who == ""


@pytest.mark.parametrize(
    ("to", "arrives"),
    [
        ("#/experiments/1/runs/a?b=ü%20c&d", "/#/experiments/1/runs/a?b=%C3%BC%20c&d"),
        ("#/a\r\nset-cookie: b", "/#/a%0D%0Aset-cookie:%20b"),
        ("/elsewhere.example.com", "/"),
        ("#/" + "a" * 3_000, "/"),
    ],
)
def test_the_way_over_the_provider_leads_to_the_place_that_was_asked_for(
    deployment: MotoDeployment, issuer: str, to: str, arrives: str
) -> None:
    browser = Browser(door_to(deployment, issuer, secret_parameter="/sluice/openid"))
    location = browser.get("/sign-in/openid", urlencode({"to": to}))["headers"]["location"]
    arrived = browser.get("/sign-in/openid/callback", authorize(location, sub="ada"))

    assert (arrived["statusCode"], arrived["headers"]["location"]) == (303, arrives)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"sub": "bob"}, "none of your groups"),
        ({"sub": "eva"}, "not verified"),
    ],
)
def test_others_are_told_why_not(
    deployment: MotoDeployment, issuer: str, form: dict[str, str], words: str
) -> None:
    browser = Browser(door_to(deployment, issuer, secret_parameter="/sluice/openid"))
    location = browser.get("/sign-in/openid")["headers"]["location"]
    arrived = browser.get("/sign-in/openid/callback", authorize(location, **form))

    assert arrived["statusCode"] == 403
    assert words in arrived["body"]
    assert browser.who == ""


def test_an_answer_counts_once_and_only_where_it_was_asked_for(
    deployment: MotoDeployment, issuer: str
) -> None:
    browser, other = (
        Browser(door_to(deployment, issuer, secret_parameter="/sluice/openid")) for _ in range(2)
    )
    query = authorize(browser.get("/sign-in/openid")["headers"]["location"], sub="ada")
    other.get("/sign-in/openid")

    assert other.get("/sign-in/openid/callback", query)["statusCode"] == 422
    assert Browser(other.door).get("/sign-in/openid/callback", query)["statusCode"] == 422
    assert browser.get("/sign-in/openid/callback", query)["statusCode"] == 303
    assert browser.get("/sign-in/openid/callback", query)["statusCode"] == 422


def test_without_a_provider_there_is_none(deployment: MotoDeployment) -> None:
    browser = Browser(
        Door(SessionStore(TokenStore(deployment.platform)), deployment.audit, ORIGIN, None, str)
    )

    assert browser.get("/sign-in/openid")["statusCode"] == 503
    assert "Sign in with" not in browser.get("/sign-in")["body"]
