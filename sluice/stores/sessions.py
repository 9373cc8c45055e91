"""Browser sessions: the secret lies in a cookie, its digest here; a session counts no longer than its token.

Session text: `{tenant}.{secret}`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sluice.stores import keys
from sluice.stores.records import from_item, to_attributes
from sluice.stores.tokens import Token, TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable

LIFETIME = timedelta(hours=12)
"""From signing in; nothing prolongs it."""
_TEXT = re.compile(r"(?P<tenant>[a-z][a-z0-9-]{1,39})\.(?P<secret>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Session:
    """`expires_at` in seconds since 1970: never after its token's."""

    token_id: str
    expires_at: int


@dataclass(frozen=True)
class SessionStore:
    tokens: TokenStore
    new_secret: Callable[[int], str] = secrets.token_hex

    def open(self, tenant: str, token: Token) -> tuple[Session, str]:
        """Start a session of whoever proved the token; gives its text, which cannot be had again."""
        ends = int((self.tokens.items.clock() + LIFETIME).timestamp())
        session = Session(token.token_id, min(ends, token.expires_at or ends))
        text = f"{tenant}.{self.new_secret(32)}"
        pk, sk = _key(text) or ("", "")
        self.tokens.items.put_new({**to_attributes(session), "pk": pk, "sk": sk})
        return session, text

    def find(self, text: str) -> tuple[str, Token] | None:
        """Tenant and token of a session; None when it is damaged, over, or its token counts no more."""
        key = _key(text)
        item = self.tokens.items.get(key) if key else None
        if item is None:
            return None
        tenant = text.partition(".")[0]
        token = self.tokens.find(tenant, from_item(Session, item).token_id)
        return (tenant, token) if token and token.revoked_at is None else None

    def close(self, text: str) -> None:
        """End a session; nothing happens when there is none."""
        if key := _key(text):
            self.tokens.items.delete(key, expected={"sk": key[1]})


def _key(text: str) -> keys.Key | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    return keys.session(tenant=found["tenant"], digest=hashlib.sha256(text.encode()).hexdigest())
