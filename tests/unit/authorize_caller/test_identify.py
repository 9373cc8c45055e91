"""A header is a caller or nobody; nothing in it makes the authorizer fail."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest

from sluice.stores.tokens import Token, parse_token
from sluice.web.credentials import answer, identify, read_token

SECRET = "s3cret" * 6
TOKEN_ID = "01936b2e-0000-7000-8000-000000000001"
TEXT = f"slc_default_{TOKEN_ID}_{SECRET}"
ADA = Token(
    token_id=TOKEN_ID,
    principal="ada",
    roles=("viewer", "approver"),
    projects=("credit", "loans"),
    secret_sha256=sha256(SECRET.encode()).hexdigest(),
    created_by="root",
)


@dataclass(frozen=True)
class KnownTokens:
    token: Token

    def find(self, tenant: str, token_id: str) -> Token | None:
        return self.token if (tenant, token_id) == ("default", self.token.token_id) else None


def known(**changes: object) -> KnownTokens:
    return KnownTokens(replace(ADA, **changes))  # type: ignore[arg-type]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "header", [f"Bearer {TEXT}", f"bearer  {TEXT} ", basic(f"anyone:{TEXT}"), basic(f":{TEXT}")]
)
def test_bearer_and_basic_forms_name_the_caller(header: str) -> None:
    found = answer(identify(known(), header))  # type: ignore[arg-type]

    assert found == {
        "isAuthorized": True,
        "context": {
            "tenant": "default",
            "principal": "ada",
            "roles": "viewer,approver",
            "projects": "credit,loans",
            "token_id": TOKEN_ID,
        },
    }


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        TEXT,
        "Bearer slc_default_x_y",
        f"Bearer {TEXT}x",
        f"Bearer {TEXT[:-1]}",
        f"Bearer slc_other_{TOKEN_ID}_{SECRET}",
        f"Bearer slc_default_{TOKEN_ID[:-1]}2_{SECRET}",
        f"Bearer {TEXT}\n{TEXT}",
        f"Digest {TEXT}",
        "Basic ???",
        "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode(),
        basic("no colon"),
        "Bearer " + "A" * 100_000,
        "Bearer slc_défault_é_ü",
        "Bearer slc_default#project#x_" + TOKEN_ID + "_" + SECRET,
    ],
)
def test_anything_else_is_nobody(header: str) -> None:
    assert answer(identify(known(), header)) == {"isAuthorized": False}  # type: ignore[arg-type]


def test_a_revoked_token_is_nobody() -> None:
    store = known(revoked_at="2026-11-23T10:00:00.000Z")

    assert identify(store, f"Bearer {TEXT}") is None  # type: ignore[arg-type]


def test_a_tokens_parts_are_read_without_trusting_them() -> None:
    presented = read_token(f"Bearer {TEXT}")

    assert presented is not None
    assert (presented.tenant, presented.token_id, presented.secret) == ("default", TOKEN_ID, SECRET)
    assert parse_token(TEXT.replace("slc_", "abc_")) is None
