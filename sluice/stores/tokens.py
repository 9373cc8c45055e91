"""API tokens: the secret is seen once, by whoever asked for it; its digest is what is kept.

Token text: `slc_{tenant}_{token_id}_{secret}`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.domain.errors import NotFound
from sluice.domain.tenants import OPERATOR
from sluice.stores import keys
from sluice.stores.records import from_item, to_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sluice.stores.items import Item, Items, Page

_TEXT = re.compile(
    r"slc_(?P<tenant>[a-z][a-z0-9-]{1,39})_(?P<token_id>[A-Za-z0-9-]{8,64})_(?P<secret>[A-Za-z0-9]{16,128})"
)


@dataclass(frozen=True, slots=True)
class Presented:
    """The parts of a token as a caller sent it; nothing is known to be true yet."""

    tenant: str
    token_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Token:
    """Whom a token stands for. `expires_at` in seconds since 1970, None for never; `projects` may be `*`."""

    token_id: str
    principal: str
    roles: tuple[str, ...]
    projects: tuple[str, ...]
    secret_sha256: str
    created_by: str
    expires_at: int | None = None
    revoked_at: str | None = None
    created_at: str = ""

    def admits(self, secret: str) -> bool:
        """Whether this is the token's secret and it still counts; takes the same time for any secret."""
        same = hmac.compare_digest(self.secret_sha256, _digest(secret))
        return same and self.revoked_at is None


def parse_token(text: str) -> Presented | None:
    """The parts of a token's text; None for anything else."""
    found = _TEXT.fullmatch(text)
    return Presented(found["tenant"], found["token_id"], found["secret"]) if found else None


@dataclass(frozen=True)
class TokenStore:
    items: Items
    new_secret: Callable[[int], str] = secrets.token_hex

    def issue(
        self,
        tenant: str,
        *,
        principal: str,
        roles: Sequence[str],
        projects: Sequence[str],
        by: str,
        expires_at: int | None = None,
    ) -> tuple[Token, str]:
        """Make a token; gives its record and its text, which cannot be had again."""
        secret, token_id = self.new_secret(24), self.items.new_id()
        token = Token(
            token_id=token_id,
            principal=principal,
            roles=tuple(roles),
            projects=tuple(projects),
            secret_sha256=_digest(secret),
            created_by=by,
            expires_at=expires_at,
            created_at=self.items.now(),
        )
        pk, sk = keys.token(tenant=tenant, token_id=token_id)
        self.items.put_new({**to_attributes(token), "pk": pk, "sk": sk})
        return token, f"slc_{tenant}_{token_id}_{secret}"

    def find(self, tenant: str, token_id: str) -> Token | None:
        """The token unless it has expired or its tenant is being deleted; a revoked one says so.

        Eventually consistent: the gateway caches the answer for longer than a replica lags. It would cache
        a refusal too, so what a replica does not know yet is asked for once more.
        """
        item = self._item(tenant, token_id, consistent=False) or self._item(tenant, token_id, consistent=True)
        return from_item(Token, item) if item else None

    def _item(self, tenant: str, token_id: str, *, consistent: bool) -> Item | None:
        key = keys.token(tenant=tenant, token_id=token_id)
        if tenant == OPERATOR:
            return self.items.get(key, consistent=consistent)
        owner = keys.tenant(name=tenant)
        found = self.items.get_many([key, owner], consistent=consistent)
        return found.get(key) if found.get(owner, {}).get("status") == "active" else None

    def page(self, tenant: str, *, limit: int = 100, start: Mapping[str, str] | None = None) -> Page:
        return self.items.query(
            keys.callers_partition(tenant=tenant), prefix="token#", limit=limit, start=start, descending=True
        )

    def revoke(self, tenant: str, token_id: str) -> Token:
        """Revoke; a second time changes nothing. NotFound for an unknown or expired token."""
        key = keys.token(tenant=tenant, token_id=token_id)
        item = self.items.get(key)
        if item is None:
            raise NotFound(f"there is no token {token_id}")
        known = from_item(Token, item)
        if known.revoked_at:
            return known
        return from_item(Token, self.items.update(key, {"revoked_at": self.items.now()}))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
