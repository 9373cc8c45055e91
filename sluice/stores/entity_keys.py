"""A key for every entity: personal fields are stored under it, and deleting it forgets them everywhere.

A key is 32 random bytes, wrapped (AES-256-GCM) under the tenant's own secret, which is kept in another
table than the keys and what they encrypt: reading the ledger takes both. No call to KMS and no cost a key;
docs/adr/0007 has the reasons.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from sluice.domain.errors import IntegrityError
from sluice.stores import keys
from sluice.stores.secrets import ENTITY_KEYS, SecretStore

if TYPE_CHECKING:
    from sluice.stores.items import Items

FRESH_SECONDS = 2.0
"""As long as a route: so long after a key was deleted, what is stored under it is born forgotten."""
_KEPT = 10_000
_NONCE = 12

Sealed = Mapping[str, str]
"""{"subject", "key", "data"}: whose key, which of their keys, and base64."""


@dataclass(frozen=True, slots=True)
class EntityKey:
    """One entity's key. A context is sealed once: its hash is the nonce, so that repeating gives equal
    bytes.
    """

    subject: str
    key_id: str
    secret: bytes = field(repr=False)

    def seal(self, context: str, content: bytes) -> dict[str, str]:
        return {
            "subject": self.subject,
            "key": self.key_id,
            "data": base64.b64encode(_encrypt(self.secret, context, content)).decode(),
        }

    def open(self, context: str, sealed: Sealed) -> bytes:
        """IntegrityError for what this key did not seal in this context."""
        return _decrypt(self.secret, context, base64.b64decode(sealed["data"]))


@dataclass(frozen=True)
class EntityKeys:
    """Key items of the ledger table. `subject` is an entity's salted hash, or the id of a request that named
    none. A missing key is remembered as well, for as short a time.
    """

    items: Items
    secrets: SecretStore
    random: Callable[[int], bytes] = token_bytes
    monotonic: Callable[[], float] = time.monotonic
    _seen: OrderedDict[tuple[str, str, str], tuple[float, EntityKey | None]] = field(
        default_factory=OrderedDict
    )

    def current(self, tenant: str, project: str, subject: str) -> EntityKey:
        """The subject's key, made if there is none; two first calls at once agree on one."""
        found = self._find(tenant, project, subject)
        if found is None:
            self._make(tenant, project, subject)
            self._seen.pop((tenant, project, subject), None)
            found = self._find(tenant, project, subject)
        if found is None:
            raise IntegrityError("the key of an entity was deleted while it was made")
        return found

    def find(self, tenant: str, project: str, sealed: Sealed) -> EntityKey | None:
        """The key that sealed this; None once it was forgotten, whatever key the entity has by now."""
        found = self._find(tenant, project, sealed["subject"])
        return found if found and found.key_id == sealed["key"] else None

    def forget(self, tenant: str, project: str, subject: str, *, by: str) -> bool:
        """Delete the subject's key and leave a tombstone that says when, and on whose word.

        False where there is no key (any more). Conflict when another call forgets at the same time.
        """
        key = keys.entity_key(tenant=tenant, project=project, subject=subject)
        item = self.items.get(key)
        if item is None:
            return False
        pk, sk = keys.forgotten_key(tenant=tenant, project=project, subject=subject, key_id=item["key_id"])
        tombstone = self.items.putting({"pk": pk, "sk": sk, "key_id": item["key_id"], "principal": by})
        deletion = self.items.deleting(key, expected={"key_id": item["key_id"]})
        self.items.transact([deletion, tombstone], token=self.items.new_id())
        self._seen.pop((tenant, project, subject), None)
        return True

    def _make(self, tenant: str, project: str, subject: str) -> None:
        pk, sk = keys.entity_key(tenant=tenant, project=project, subject=subject)
        key_id = self.items.new_id()
        wrapped = _encrypt(self._wrapping(tenant), f"{pk}/{key_id}", self.random(32))
        self.items.put_new({"pk": pk, "sk": sk, "key_id": key_id, "wrapped": wrapped})

    def _find(self, tenant: str, project: str, subject: str) -> EntityKey | None:
        place, now = (tenant, project, subject), self.monotonic()
        seen = self._seen.get(place)
        if seen and now - seen[0] <= FRESH_SECONDS:
            return seen[1]
        key = keys.entity_key(tenant=tenant, project=project, subject=subject)
        item = self.items.get(key)
        found = None
        if item is not None:
            secret = _decrypt(self._wrapping(tenant), f"{key[0]}/{item['key_id']}", item["wrapped"])
            found = EntityKey(subject, item["key_id"], secret)
        self._seen[place] = (now, found)
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
        return found

    def _wrapping(self, tenant: str) -> bytes:
        return self.secrets.key(tenant, ENTITY_KEYS)


def _encrypt(secret: bytes, context: str, content: bytes) -> bytes:
    return _cipher(secret).encrypt(_nonce(context), content, context.encode())  # type: ignore[no-any-return] # see _cipher


def _decrypt(secret: bytes, context: str, content: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see _cipher

    try:
        return _cipher(secret).decrypt(_nonce(context), content, context.encode())  # type: ignore[no-any-return] # see _cipher
    except InvalidTag as error:
        raise IntegrityError("personal fields are not what was sealed under their key") from error


def _nonce(context: str) -> bytes:
    return hashlib.sha256(context.encode()).digest()[:_NONCE]


def _cipher(secret: bytes) -> Any:  # noqa: ANN401 - imported where it is needed
    """Imported by projects with personal fields only: 27 ms of processor time."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(secret)
