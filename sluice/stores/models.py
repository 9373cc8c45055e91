"""Model versions as governance sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.domain.errors import NotFound
from sluice.domain.model import ModelVersion
from sluice.stores import keys
from sluice.stores.items import Items, Page
from sluice.stores.records import from_item, to_attributes


@dataclass(frozen=True)
class ModelStore:
    items: Items

    def add(self, tenant: str, model: ModelVersion) -> bool:
        """Record a version; False where it was recorded before (versions never change)."""
        pk, sk = keys.model(tenant=tenant, project=model.project, version=model.version)
        return self.items.put_new(
            {**to_attributes(model), "pk": pk, "sk": sk, "created_at": self.items.now()}
        )

    def get(self, tenant: str, project: str, version: int) -> ModelVersion:
        item = self.items.get(keys.model(tenant=tenant, project=project, version=version))
        if item is None:
            raise NotFound(f"project {project!r} has no model version {version}")
        return from_item(ModelVersion, item)

    def page(
        self, tenant: str, project: str, *, limit: int = 100, start: Mapping[str, str] | None = None
    ) -> Page:
        """Newest first."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return self.items.query(partition, prefix="model#", limit=limit, start=start, descending=True)

    def set_promotion(self, tenant: str, model: ModelVersion, environment: str, promotion_id: str) -> None:
        """Note which promotion brought the version into an environment."""
        key = keys.model(tenant=tenant, project=model.project, version=model.version)
        self.items.update(key, {"promotions": {**model.promotions, environment: promotion_id}})
