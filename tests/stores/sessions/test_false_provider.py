"""Signing in by an OpenID provider that says what a test wants, and lies."""

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
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.stores.deployments import MotoDeployment
from tests.stores.sessions.openid_scene import ORIGIN, Answer, Browser, door_to


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
