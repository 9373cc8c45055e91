"""Signing in by an OpenID provider: against one from a package, and against one that lies."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from functions.open_session.door import Door
from functions.open_session.provider import GroupAccess, Provider
from sluice.domain.audit import PLATFORM
from sluice.stores.sessions import SessionStore
from sluice.stores.tokens import TokenStore
from tests.stores.deployments import MotoDeployment

pytestmark = pytest.mark.filterwarnings("ignore")

ORIGIN = "https://mlops.example.com"
ACCESS = (
    GroupAccess("risk", ("contributor",), ("credit",)),
    GroupAccess("auditors", ("auditor", "viewer")),
)
Answer = dict[str, Any]


@dataclass
class Browser:
    """One browser at the door; it keeps cookies as browsers do."""

    door: Door
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, query: str = "") -> Answer:
        answer = self.door.answer(
            {
                "rawPath": path,
                "rawQueryString": query,
                "headers": {"host": "mlops.example.com"},
                "cookies": [f"{name}={value}" for name, value in self.cookies.items()],
                "requestContext": {"http": {"method": "GET"}},
            }
        )
        for cookie in answer.get("cookies", []):
            name, _, rest = cookie.partition("=")
            assert name.startswith("__Host-")
            assert "; Secure" in rest
            self.cookies[name] = rest.partition(";")[0]
        return answer

    @property
    def who(self) -> str:
        found = self.door.sessions.find(self.cookies.get("__Host-sluice-session", ""))
        return found[1].principal if found else ""


def door_to(deployment: MotoDeployment, issuer: str, **changes: Any) -> Door:
    provider = Provider(**{"issuer": issuer, "client_id": "sluice", "access": ACCESS, **changes})
    sessions = SessionStore(TokenStore(deployment.platform))
    return Door(sessions, deployment.audit, ORIGIN, provider, lambda name: f"secret of {name}")


# A real provider


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


# A provider that says what a test wants


@dataclass
class Liar:
    """Answers every exchange with an ID token of these claims; remembers what it was sent."""

    claims: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    issuer: str = ""

    def answer(self, path: str) -> dict[str, Any]:
        if path.startswith("/.well-known"):
            return {"issuer": self.issuer} | {
                f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token")
            }
        body = base64.urlsafe_b64encode(json.dumps(self.claims).encode()).decode().rstrip("=")
        return {"id_token": f"e30.{body}.sig"}


@pytest.fixture
def liar() -> Iterator[Liar]:
    told = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(told.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            told.sent = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.issuer = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def come_back(browser: Browser, liar: Liar, **changes: Any) -> tuple[Answer, dict[str, str]]:
    """The provider's answer with these claims, right but for the changes (None: left out)."""
    asked = dict(parse_qsl(urlsplit(browser.get("/sign-in/openid")["headers"]["location"]).query))
    now = time.time()
    right = {
        "iss": liar.issuer, "aud": "sluice", "sub": "1", "nonce": asked["nonce"], "iat": now, "exp": now + 60,
        "email": "ada@example.com", "groups": ["risk"],
    }  # fmt: skip
    liar.claims = {name: value for name, value in (right | changes).items() if value is not None}
    return browser.get("/sign-in/openid/callback", f"code=c&state={asked['state']}"), asked


def test_the_code_is_bound_to_this_browser_by_pkce(deployment: MotoDeployment, liar: Liar) -> None:
    answer, asked = come_back(Browser(door_to(deployment, liar.issuer)), liar)

    assert answer["statusCode"] == 303
    digest = hashlib.sha256(liar.sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == (
        "S256",
        f"{ORIGIN}/sign-in/openid/callback",
    )
    assert (liar.sent["client_id"], liar.sent["redirect_uri"]) == ("sluice", asked["redirect_uri"])


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": ["sluice", "another-client"]},
        {"aud": ["sluice", "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"nonce": "replayed"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 1},
        {"sub": None},
        {"email": None},
        {"email": "ada@example.com#admin"},
        {"groups": None},
        {"groups": {"risk": True}},
    ],
)
def test_a_token_that_was_not_made_for_this_is_refused(
    deployment: MotoDeployment, liar: Liar, changes: dict[str, Any]
) -> None:
    browser = Browser(door_to(deployment, liar.issuer))
    answer, _ = come_back(browser, liar, **changes)

    assert answer["statusCode"] == 403
    assert browser.who == ""


def test_what_the_provider_says_is_shown_and_not_run(deployment: MotoDeployment, liar: Liar) -> None:
    browser = Browser(door_to(deployment, liar.issuer))
    asked = dict(parse_qsl(urlsplit(browser.get("/sign-in/openid")["headers"]["location"]).query))
    answer = browser.get("/sign-in/openid/callback", f"error=<script>&state={asked['state']}")

    assert answer["statusCode"] == 403
    assert "the provider says: &lt;script&gt;" in answer["body"]


def test_a_provider_without_tls_or_of_another_name_is_not_asked(
    deployment: MotoDeployment, liar: Liar
) -> None:
    plain = Browser(door_to(deployment, "http://login.example.com"))
    renamed = Browser(door_to(deployment, f"{liar.issuer}/"))

    assert plain.get("/sign-in/openid")["statusCode"] == 503
    assert renamed.get("/sign-in/openid")["statusCode"] == 503


def test_without_a_provider_there_is_none(deployment: MotoDeployment) -> None:
    browser = Browser(
        Door(SessionStore(TokenStore(deployment.platform)), deployment.audit, ORIGIN, None, str)
    )

    assert browser.get("/sign-in/openid")["statusCode"] == 503
    assert "Sign in with" not in browser.get("/sign-in")["body"]
