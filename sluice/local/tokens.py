"""One API token for each role, so that a person can play every part on their own machine."""

import json
from typing import TYPE_CHECKING

from sluice.local.profile import Profile
from sluice.stores.items import Items
from sluice.stores.tokens import TokenStore, parse_token
from sluice.web.permissions import ROLES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TENANT = "default"


def seed_tokens(profile: Profile, client: "DynamoDBClient", table: str) -> dict[str, str]:
    """The profile's tokens, role -> text; those that the table does not know are issued anew."""
    store = TokenStore(Items(client, table))
    known = read_tokens(profile)
    tokens: dict[str, str] = {
        role: _kept(store, known.get(role, "")) or _issue(store, role) for role in ROLES
    }
    profile.tokens.touch(mode=0o600)
    profile.tokens.write_text(json.dumps(tokens, indent=1) + "\n")
    return tokens


def read_tokens(profile: Profile) -> dict[str, str]:
    """The tokens of the profile's last start, without asking the table."""
    if not profile.tokens.exists():
        return {}
    tokens: dict[str, str] = json.loads(profile.tokens.read_text())
    return tokens


def _kept(store: TokenStore, text: str) -> str | None:
    presented = parse_token(text)
    if presented is None:
        return None
    found = store.find(presented.tenant, presented.token_id)
    return text if found and found.admits(presented.secret) else None


def _issue(store: TokenStore, role: str) -> str:
    _, text = store.issue(
        TENANT, principal=f"local-{role}", roles=(role,), projects=("*",), by="the embedded AWS"
    )
    return text
