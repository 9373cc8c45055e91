"""Idempotency keys: a mutating request that is sent again is answered again, not done again.

A key belongs to its caller and to one request (its method, address and body). While the first is under
way a repetition is refused; once it succeeded its answer is given again for a day. A failure is
forgotten: whoever repeats it wants another try.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.stores import keys
from sluice.stores.items import TransactionRefused
from sluice.web.problems import BadRequest, InFlight, KeyReused

if TYPE_CHECKING:
    from sluice.stores.items import Item, Items

_KEEP_SECONDS = 24 * 3600
_LEASE_SECONDS = 60
"""Longer than a function can run: a request that died does not block its key for ever."""
_LARGEST_ANSWER = 200_000
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer that the first request got."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ticket:
    """This request's right to be the first; or, in `replay`, the answer of the one that was."""

    key: keys.Key
    request: str
    replay: Replay | None = None


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(f"{method}\n{path}\n".encode() + body).hexdigest()


@dataclass(frozen=True)
class IdempotencyStore:
    items: Items

    def begin(self, tenant: str, principal: str, key: str, request: str) -> Ticket:
        """Claim a key for the request with this fingerprint.

        Raises InFlight while the first runs, KeyReused for another request, BadRequest for a key over
        200 characters or with others than printable ones.
        """
        if not _KEY.fullmatch(key):
            raise BadRequest("Idempotency-Key must be 1 to 200 printable characters")
        place = keys.idempotency(tenant=tenant, principal=principal, key=key)
        if self._claim(place, request):
            return Ticket(place, request)
        known = self.items.get(place)
        if known is None:
            raise InFlight("a request with this key ended just now without success")
        return Ticket(place, request, _replay(known, request))

    def finish(self, ticket: Ticket, status: int, body: dict[str, Any]) -> None:
        """Keep the answer. One too large to keep is forgotten, so that a repetition is done again."""
        answer = json.dumps(body)
        if len(answer) > _LARGEST_ANSWER:
            self.forget(ticket)
            return
        expires = int(self.items.clock().timestamp()) + _KEEP_SECONDS
        self.items.update(ticket.key, {"status": status, "answer": answer, "expires_at": expires})

    def forget(self, ticket: Ticket) -> None:
        self.items.delete(ticket.key, expected={"request": ticket.request, "answer": None})

    def _claim(self, place: keys.Key, request: str) -> bool:
        """Exactly one caller gets a key that is new, or whose time is over though it is not yet removed."""
        now = int(self.items.clock().timestamp())
        claim = {"pk": place[0], "sk": place[1], "request": request, "expires_at": now + _LEASE_SECONDS}
        free = "attribute_not_exists(pk) OR expires_at <= :now"
        try:
            self.items.transact(
                [self.items.putting(claim, condition=free, now=now)], token=self.items.new_id()
            )
        except TransactionRefused:
            return False
        return True


def _replay(known: Item, request: str) -> Replay:
    if known["request"] != request:
        raise KeyReused("this idempotency key was used for another request")
    if "answer" not in known:
        raise InFlight("the first request with this key has not ended")
    return Replay(known["status"], json.loads(known["answer"]))
