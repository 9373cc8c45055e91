"""The prediction ledger: one item a request, durable before the answer leaves.

Large requests keep their rows in the archive bucket and a reference here: an item costs by the
kilobyte, and once more in the index.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import Conflict, Unavailable
from sluice.domain.predictions import Feedback, Label, ScoredRequest, latest_labels
from sluice.stores import keys
from sluice.stores.entity_keys import EntityKey, EntityKeys, Sealed
from sluice.stores.ledger_items import decode_feedback, decode_request, request_attributes, request_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluice.stores.artefacts import ArtefactStore
    from sluice.stores.items import Item, Items

INLINE_BYTES = 48 * 1024
"""A document over this goes to S3; DynamoDB's own limit is 400 KB for the whole item."""


@dataclass(frozen=True, slots=True)
class Story:
    """A request, every word of feedback on it, and what counts as true of its rows."""

    request: ScoredRequest
    history: tuple[Feedback, ...]
    labels: Mapping[int, Label]


def subject_of(request: ScoredRequest) -> str:
    """Whose personal fields these are: the entity's, or of the request alone where it named none."""
    return request.entity or request.request_id


@dataclass(frozen=True)
class Ledger:
    """The ledger table and, for what is large, the archive bucket. `retention_days` sets the TTL.

    Without `entity_keys`, requests with personal fields are not taken, and read as forgotten.
    """

    items: Items
    artefacts: ArtefactStore
    retention_days: int = 365
    entity_keys: EntityKeys | None = None

    def put(self, tenant: str, request: ScoredRequest) -> None:
        """Make the request durable. Repeating the same put is fine; Conflict if the id is another's,
        Unavailable when it could not be written: then the answer must not leave.
        """
        try:
            item = self._item(tenant, request)
            if not self.items.put_new(item):
                self._require_same(item)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"the ledger cannot be written: {type(error).__name__}") from error

    def get(self, tenant: str, request_id: str) -> ScoredRequest | None:
        """The request, or None; IntegrityError when its rows are not what was recorded."""
        item = self.items.get(keys.scored_request(tenant=tenant, request_id=request_id))
        return None if item is None else self.decode(tenant, item)

    def decode(self, tenant: str, item: Item) -> ScoredRequest:
        """The request in an item of this table, however it was read; IntegrityError when it is none."""

        def find(sealed: Sealed) -> EntityKey | None:
            return self.entity_keys.find(tenant, item["project"], sealed) if self.entity_keys else None

        return decode_request(item, self.artefacts.read, find)

    def stored_key(self, tenant: str, request: ScoredRequest) -> EntityKey | None:
        """The key that a request's personal fields are stored under; None where it has none (any more)."""
        if request.key_id is None or self.entity_keys is None:
            return None
        sealed = {"subject": subject_of(request), "key": request.key_id}
        return self.entity_keys.find(tenant, request.project, sealed)

    def _new_key(self, tenant: str, request: ScoredRequest) -> EntityKey | None:
        """The key for a request's personal fields: of its entity, or its own; None where it has no such."""
        carried = {*request.features, *request.accompanying}
        if carried.isdisjoint(request.personal):
            return None
        if self.entity_keys is None:
            raise Unavailable("personal fields cannot be encrypted here")
        return self.entity_keys.current(tenant, request.project, subject_of(request))

    def story(self, tenant: str, request_id: str) -> Story | None:
        """The request with its feedback, in one query; None for an unknown request."""
        partition = keys.prediction_partition(tenant=tenant, request_id=request_id)
        items = self.items.query_all(partition)
        found = next((item for item in items if item["sk"] == "request"), None)
        if found is None:
            return None
        history = tuple(decode_feedback(item) for item in items if item["sk"].startswith("feedback#"))
        return Story(self.decode(tenant, found), history, latest_labels(history))

    def _item(self, tenant: str, request: ScoredRequest) -> Item:
        pk, sk = keys.scored_request(tenant=tenant, request_id=request.request_id)
        hour = keys.endpoint_hour(
            tenant=tenant,
            project=request.project,
            environment=request.environment,
            time=request.created_at,
            request_id=request.request_id,
        )
        expires = self.items.clock() + timedelta(days=self.retention_days)
        return {
            "pk": pk,
            "sk": sk,
            "gsi1pk": hour,
            "gsi1sk": f"{request.created_at}#{request.request_id}",
            "expires_at": int(expires.timestamp()),
            **request_attributes(request),
            **self._rows(tenant, request),
        }

    def _rows(self, tenant: str, request: ScoredRequest) -> dict[str, Any]:
        document = request_document(request, self._new_key(tenant, request))
        if len(document) <= INLINE_BYTES:
            return {"document": document}
        content = document.encode() if isinstance(document, str) else document
        day = request.created_at[:10].replace("-", "/")
        key = f"{tenant}/requests/{request.project}/{request.environment}/{day}/{request.request_id}.json"
        ref = self.artefacts.write("archive", key, content, content_type="application/octet-stream")
        return {"overflow": asdict(ref)}

    def _require_same(self, item: Item) -> None:
        """A put repeated by its caller finds what the first one wrote: that is success."""
        stored = self.items.get((item["pk"], item["sk"])) or {}
        if any(stored.get(name) != item.get(name) for name in ("document", "model_digest", "created_at")):
            raise Conflict(f"request {item['request']} is in the ledger already with another content")
