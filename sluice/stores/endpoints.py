"""Endpoints: what serves in an environment now, and every revision before it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.endpoints import Endpoint, Variant, check_variants
from sluice.domain.errors import Conflict
from sluice.stores import keys
from sluice.stores.items import Item, Items, TransactionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_PLAIN = tuple(each.name for each in fields(Endpoint) if each.name != "variants")


@dataclass(frozen=True)
class EndpointStore:
    """Endpoint items of the platform table."""

    items: Items

    def get(self, tenant: str, project: str, environment: str) -> Endpoint | None:
        """The endpoint as it is now, or None where nothing was ever promoted."""
        item = self.items.get(keys.endpoint(tenant=tenant, project=project, environment=environment))
        return None if item is None else _endpoint(item)

    def list(self, tenant: str, project: str) -> list[Endpoint]:
        """The project's endpoints, one an environment, by name."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return [_endpoint(item) for item in self.items.query_all(partition, prefix="endpoint#")]

    def history(self, tenant: str, project: str, environment: str, *, limit: int = 100) -> Sequence[Endpoint]:
        """Revisions, the newest first."""
        first = keys.endpoint_revision(tenant=tenant, project=project, environment=environment, revision=0)
        prefix = first[1].removesuffix(f"{0:06d}")
        page = self.items.query(first[0], prefix=prefix, limit=limit, descending=True)
        return [_endpoint(item) for item in page.items]

    def revision(self, tenant: str, project: str, environment: str, number: int) -> Endpoint | None:
        key = keys.endpoint_revision(tenant=tenant, project=project, environment=environment, revision=number)
        item = self.items.get(key)
        return None if item is None else _endpoint(item)

    def put_revision(
        self,
        tenant: str,
        project: str,
        environment: str,
        *,
        variants: Sequence[Variant],
        promotion_id: str,
        change_id: str,
        expected_revision: int,
    ) -> Endpoint:
        """Make the next revision; `expected_revision` is 0 for an endpoint that does not exist yet.

        Repeating a change (same `change_id`) that was made gives what it made. Conflict when another
        revision came between, Invalid for variants that cannot serve.
        """
        check_variants(variants)
        current = self.get(tenant, project, environment)
        if current and current.change_id == change_id:
            return current
        if (current.revision if current else 0) != expected_revision:
            raise Conflict(f"{project} in {environment} is not at revision {expected_revision} any more")
        endpoint = Endpoint(
            project=project,
            environment=environment,
            revision=expected_revision + 1,
            salt=current.salt if current else secrets.token_hex(8),
            variants=tuple(variants),
            promotion_id=promotion_id,
            change_id=change_id,
            updated_at=self.items.now(),
        )
        self._write(tenant, endpoint, expected_revision)
        return endpoint

    def _write(self, tenant: str, endpoint: Endpoint, expected: int) -> None:
        names = {"tenant": tenant, "project": endpoint.project, "environment": endpoint.environment}
        now = _item(keys.endpoint(**names), endpoint)
        kept = _item(keys.endpoint_revision(**names, revision=endpoint.revision), endpoint)
        replacing = (
            self.items.putting(now, condition="revision = :expected", expected=expected)
            if expected
            else self.items.putting(now)
        )
        try:
            self.items.transact([replacing, self.items.putting(kept)], token=self.items.new_id())
        except TransactionRefused as refused:
            raise Conflict(f"{endpoint.project} in {endpoint.environment} was changed meanwhile") from refused


def _item(key: tuple[str, str], endpoint: Endpoint) -> Item:
    attributes = asdict(endpoint)
    document = json.dumps(attributes.pop("variants"), separators=(",", ":"))
    return {"pk": key[0], "sk": key[1], "rev": endpoint.revision, "document": document, **attributes}


def _endpoint(item: Mapping[str, Any]) -> Endpoint:
    variants = tuple(_variant(entry) for entry in json.loads(item["document"]))
    return Endpoint(variants=variants, **{name: item[name] for name in _PLAIN})


def _variant(entry: Mapping[str, Any]) -> Variant:
    return Variant(
        name=entry["name"],
        model_version=entry["model_version"],
        model_digest=entry["model_digest"],
        weight=entry["weight"],
        artefacts={name: ArtefactRef(**ref) for name, ref in entry["artefacts"].items()},
    )
