"""The API's doors: who gets in, and what answers."""

from collections.abc import Callable

import httpx


def test_health_is_open(anonymous: httpx.Client) -> None:
    for path in ("/health", "/sluice/v1/health"):
        assert anonymous.get(path).status_code == 200


def test_without_a_token_the_gateway_refuses(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/sluice/v1/me")

    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthorized"}


def test_a_wrong_token_is_refused(anonymous: httpx.Client) -> None:
    answer = anonymous.get("/sluice/v1/me", headers={"authorization": "Bearer slc_default_nobody_nothing"})

    assert answer.status_code == 403


def test_a_token_says_who_is_calling(api_as: Callable[[str], httpx.Client]) -> None:
    answer = api_as("approver").get("/sluice/v1/me")

    assert answer.status_code == 200
    assert answer.json()["principal"] == "local-approver"
    assert answer.json()["roles"] == ["approver"]


def test_the_basic_form_carries_a_token_too(anonymous: httpx.Client, tokens: dict[str, str]) -> None:
    answer = anonymous.get("/sluice/v1/me", auth=("anybody", tokens["viewer"]))

    assert answer.json()["principal"] == "local-viewer"


def test_scoring_describes_itself(api_as: Callable[[str], httpx.Client], anonymous: httpx.Client) -> None:
    described = api_as("invoker").get("/v2/openapi.json")

    assert (described.status_code, described.json()["openapi"]) == (200, "3.1.0")
    assert "/endpoints/{project}/{environment}/invocations" in described.json()["paths"]
    assert anonymous.get("/v2/openapi.json").status_code == 401
