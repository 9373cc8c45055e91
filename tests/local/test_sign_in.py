"""The web interface's doors as a browser's requests reach them: sign-in, session, writes, files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from sluice.local.stack import StackStatus

EXPERIMENTS = "/ajax-api/2.0/mlflow/experiments/search?max_results=1"
CREATE = "/ajax-api/2.0/mlflow/experiments/create"


@pytest.fixture
def browser(stack: StackStatus) -> Iterator[httpx.Client]:
    """Keeps cookies, says where its writes come from, follows nothing."""
    with httpx.Client(base_url=stack.api_url, headers={"origin": stack.api_url}, timeout=35) as client:
        yield client


@pytest.fixture
def inside(browser: httpx.Client, tokens: dict[str, str]) -> httpx.Client:
    assert browser.post("/sign-in", data={"token": tokens["contributor"]}).status_code == 303
    return browser


def test_a_stranger_is_led_to_the_sign_in_and_the_interface_is_told_in_its_own_form(
    browser: httpx.Client,
) -> None:
    home, called = browser.get("/"), browser.get(EXPERIMENTS)

    assert (home.status_code, home.headers["location"]) == (303, "/sign-in")
    assert (called.status_code, called.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert 'name="token"' in browser.get("/sign-in").text


def test_a_token_opens_a_session_that_a_script_cannot_read(
    browser: httpx.Client, tokens: dict[str, str]
) -> None:
    opened = browser.post("/sign-in", data={"token": f" {tokens['viewer']}\n"})

    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert "HttpOnly; SameSite=Lax" in opened.headers["set-cookie"]
    assert tokens["viewer"] not in str(opened.headers)
    assert "MLflow" in browser.get("/").text
    assert browser.get(EXPERIMENTS).status_code == 200
    assert "local-viewer" in browser.get("/sign-in").text


@pytest.mark.parametrize("text", ["", "slc_default_nobody_nothing", "x" * 9_000, "a=b&token=\0"])
def test_a_wrong_token_opens_nothing(browser: httpx.Client, text: str) -> None:
    refused = browser.post("/sign-in", data={"token": text})

    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers
    assert 'role="alert"' in refused.text


def test_signing_out_ends_the_session_and_not_only_the_cookie(
    inside: httpx.Client, stack: StackStatus
) -> None:
    cookies = dict(inside.cookies)
    left = inside.post("/sign-out")

    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert not inside.cookies
    # Never seen by the authorizer, so not remembered there: what counts is the record.
    assert httpx.get(stack.api_url + EXPERIMENTS, cookies=cookies).status_code == 401


def test_a_session_ends_with_its_token(browser: httpx.Client, api_as: Callable[[str], httpx.Client]) -> None:
    made = api_as("admin").post("/sluice/v1/tokens", json={"principal": "eva", "roles": ["viewer"]}).json()
    browser.post("/sign-in", data={"token": made["token"]})
    api_as("admin").delete(f"/sluice/v1/tokens/{made['token_id']}")

    assert browser.get(EXPERIMENTS).status_code == 401
    assert browser.get("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"content-type": "text/plain"},
    ],
)
def test_another_page_cannot_write_with_the_cookie(inside: httpx.Client, headers: dict[str, str]) -> None:
    sent = inside.post(
        CREATE, content=b'{"name": "forged"}', headers={"content-type": "application/json"} | headers
    )

    assert (sent.status_code, sent.json()["error_code"]) == (403, "PERMISSION_DENIED")
    found = inside.get("/ajax-api/2.0/mlflow/experiments/get-by-name?experiment_name=forged")
    assert found.status_code == 404


def test_another_page_signs_nobody_in_or_out(inside: httpx.Client, tokens: dict[str, str]) -> None:
    foreign = {"origin": "https://elsewhere.example"}

    assert inside.post("/sign-in", data={"token": tokens["viewer"]}, headers=foreign).status_code == 403
    assert inside.post("/sign-out", headers=foreign).status_code == 403
    assert "local-contributor" in inside.get("/sign-in").text


def test_a_viewers_session_does_not_write(browser: httpx.Client, tokens: dict[str, str]) -> None:
    browser.post("/sign-in", data={"token": tokens["viewer"]})

    assert browser.post(CREATE, json={"name": "by-a-viewer"}).status_code == 403


def test_a_bearer_needs_no_cookie_and_no_origin(anonymous: httpx.Client, tokens: dict[str, str]) -> None:
    bearer = {"authorization": f"Bearer {tokens['viewer']}"}

    assert anonymous.post("/graphql", json={"operationName": "None"}, headers=bearer).status_code == 400
    assert anonymous.get(EXPERIMENTS, headers={"authorization": "Bearer nothing"}).status_code == 401


def test_files_are_packed_kept_and_safe(anonymous: httpx.Client, inside: httpx.Client) -> None:
    page = inside.get("/")
    names = re.findall(r'(?:src|href)="\.?/?(static-files/[^"]+)"', page.text)
    assert len(names) == 4
    for name in names:
        given = anonymous.get(f"/{name}")
        assert given.status_code == 200
        assert given.headers["content-encoding"] == "gzip"
        assert given.headers["x-content-type-options"] == "nosniff"
        hashed = bool(re.search(r"\.[0-9a-f]{8}\.", name))
        assert ("immutable" in given.headers["cache-control"]) == hashed, name
        again = anonymous.get(f"/{name}", headers={"if-none-match": given.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    plain = anonymous.get(f"/{names[2]}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == anonymous.get(f"/{names[2]}").content
    assert page.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["nothing.js", "%2e%2e/handler.py", "..%2f..%2fetc%2fpasswd", "static/js", "%00"]
)
def test_only_the_interfaces_own_files_are_served(anonymous: httpx.Client, path: str) -> None:
    assert anonymous.get(f"/static-files/{path}").status_code == 404
    assert anonymous.post("/static-files/favicon.ico").status_code in (404, 405)
