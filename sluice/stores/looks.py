"""How often a set of test rows has been looked at: each look makes it prove less."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.stores import keys
from sluice.stores.items import Items


@dataclass(frozen=True)
class LookStore:
    items: Items

    def look(self, tenant: str, project: str, *, rows_sha256: str, training_id: str) -> int:
        """Note that a training is evaluated on these rows, once; gives how many have been."""
        pk, sk = keys.look(tenant=tenant, project=project, rows_sha256=rows_sha256, training_id=training_id)
        self.items.put_new({"pk": pk, "sk": sk, "training_id": training_id})
        return len(self.items.query_all(pk, prefix=sk.removesuffix(training_id)))
