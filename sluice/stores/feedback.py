"""Feedback: the truth about predictions, arriving late and in any order, kept beside what was answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.domain.errors import Invalid, Unavailable
from sluice.domain.predictions import Label, Rejected, label_of, parse_prediction_id, prediction_id
from sluice.stores import keys
from sluice.stores.attributes import encode_item
from sluice.stores.items import Item, Items
from sluice.stores.ledger_items import decode_head

_READ_AT_ONCE = 25
_WRITE_AT_ONCE = 25
_ATTEMPTS = 5

Said = Sequence[tuple[str, object]]
"""Prediction id and label, in the order in which they were said."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many labels were taken, and which were not."""

    accepted: int
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True)
class FeedbackStore:
    """Feedback items of the ledger table: one a request and call, however many rows it is about."""

    items: Items
    sleep: Callable[[float], None] = time.sleep

    def put(self, tenant: str, project: str, said: Said, *, principal: str) -> Taken:
        """Take labels; those for unknown predictions, or impossible ones, are named and the rest taken.

        Unavailable when the table refuses: then some labels may be stored, and sending all again is fine.
        """
        wanted, rejected = _grouped(said)
        requests = self._requests(tenant, project, list(wanted))
        writes: list[Item] = []
        accepted = 0
        for request_id, rows in wanted.items():
            good, bad = _checked(requests.get(request_id), request_id, rows)
            rejected += bad
            accepted += len(good)
            if good:
                writes.append(self._item(tenant, requests[request_id], good, principal))
        for start in range(0, len(writes), _WRITE_AT_ONCE):
            self._write(writes[start : start + _WRITE_AT_ONCE])
        return Taken(accepted, tuple(rejected))

    def _requests(self, tenant: str, project: str, request_ids: Sequence[str]) -> dict[str, Item]:
        """Those of the requests that exist and are this project's."""
        found: list[Item] = []
        for start in range(0, len(request_ids), _READ_AT_ONCE):
            ids = request_ids[start : start + _READ_AT_ONCE]
            wanted = [keys.scored_request(tenant=tenant, request_id=request_id) for request_id in ids]
            found += self.items.get_many(wanted).values()
        return {item["request"]: item for item in found if item["project"] == project}

    def _item(self, tenant: str, request: Item, labels: Mapping[int, Label], principal: str) -> Item:
        feedback_id, now = self.items.new_id(), self.items.now()
        pk, sk = keys.feedback(tenant=tenant, request_id=request["request"], feedback_id=feedback_id)
        copied = ("request", "project", "environment", "variant", "model_version", "expires_at")
        return {
            "pk": pk,
            "sk": sk,
            "v": 1,
            "rev": 1,
            "created_at": now,
            "updated_at": now,
            "request_id": feedback_id,
            "feedback": feedback_id,
            "principal": principal,
            "document": json.dumps(labels, separators=(",", ":")),
            **{name: request[name] for name in copied},
        }

    def _write(self, writes: Sequence[Item]) -> None:
        remaining: dict[str, Any] = {
            self.items.table: [{"PutRequest": {"Item": encode_item(item)}} for item in writes]
        }
        for attempt in range(_ATTEMPTS):
            answer = self.items.client.batch_write_item(RequestItems=remaining)
            remaining = dict(answer.get("UnprocessedItems") or {})
            if not remaining:
                return
            self.sleep(0.05 * 2**attempt)
        raise Unavailable("the ledger takes no more feedback for now")


def _grouped(said: Said) -> tuple[dict[str, dict[int, object]], list[Rejected]]:
    """Labels by request and row, the last word on a row; and what names no prediction."""
    wanted: dict[str, dict[int, object]] = {}
    rejected: list[Rejected] = []
    for prediction, label in said:
        try:
            request_id, row = parse_prediction_id(prediction)
        except Invalid as error:
            rejected.append(Rejected(prediction, str(error)))
        else:
            wanted.setdefault(request_id, {})[row] = label
    return wanted, rejected


def _checked(
    request: Item | None, request_id: str, rows: Mapping[int, object]
) -> tuple[dict[int, Label], list[Rejected]]:
    if request is None:
        unknown = "there is no such prediction"
        return {}, [Rejected(prediction_id(request_id, row), unknown) for row in rows]
    head = decode_head(request)
    good: dict[int, Label] = {}
    bad: list[Rejected] = []
    for row, label in rows.items():
        try:
            good[row] = label_of(head, row, label)
        except Invalid as error:
            bad.append(Rejected(prediction_id(request_id, row), str(error)))
    return good, bad
