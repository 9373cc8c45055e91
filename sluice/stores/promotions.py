"""Promotion records: opened once a version and environment, decided by conditional writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain import promotion as rules
from sluice.domain.errors import Conflict, NotFound
from sluice.domain.promotion import Decision, Promotion
from sluice.domain.training import Stage
from sluice.stores import keys
from sluice.stores.items import Items, Page, TransactionRefused
from sluice.stores.records import from_item, to_attributes


@dataclass(frozen=True)
class PromotionStore:
    items: Items

    def open_new(self, tenant: str, promotion: Promotion) -> Promotion:
        """Open a promotion, or give the one that is open for this version and environment already."""
        pk, sk = keys.promotion(tenant=tenant, project=promotion.project, promotion_id=promotion.promotion_id)
        guard_key = self._guard(tenant, promotion)
        guard = self.items.putting(
            {"pk": guard_key[0], "sk": guard_key[1], "promotion_id": promotion.promotion_id}
        )
        now = self.items.now()
        index = {
            "gsi1pk": keys.open_partition(tenant=tenant),
            "gsi1sk": keys.open_record(
                kind="promotion", project=promotion.project, record_id=promotion.promotion_id
            ),
        }
        record = {**to_attributes(promotion), "created_at": now, "updated_at": now}
        try:
            self.items.transact(
                [guard, self.items.putting({"pk": pk, "sk": sk, **record, **index})],
                token=promotion.promotion_id,
            )
        except TransactionRefused:
            known = self.items.get(guard_key)
            if known is None:
                raise
            return self.get(tenant, promotion.project, known["promotion_id"])
        return self.get(tenant, promotion.project, promotion.promotion_id)

    def get(self, tenant: str, project: str, promotion_id: str) -> Promotion:
        item = self.items.get(keys.promotion(tenant=tenant, project=project, promotion_id=promotion_id))
        if item is None:
            raise NotFound(f"project {project!r} has no promotion {promotion_id}")
        return from_item(Promotion, item)

    def page(
        self, tenant: str, project: str, *, limit: int = 100, start: Mapping[str, str] | None = None
    ) -> Page:
        """Newest first."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return self.items.query(partition, prefix="promotion#", limit=limit, start=start, descending=True)

    def open(self, tenant: str) -> list[Promotion]:
        """Every promotion that is not at its end."""
        partition = keys.open_partition(tenant=tenant)
        return [
            from_item(Promotion, item)
            for item in self.items.query_all(partition, prefix="promotion#", index="gsi1")
        ]

    def change(self, tenant: str, promotion: Promotion, **changes: Any) -> Promotion:
        """Set fields of an open promotion that nobody changed since it was read; Conflict otherwise."""
        key = keys.promotion(tenant=tenant, project=promotion.project, promotion_id=promotion.promotion_id)
        expected = {"status": tuple(rules.OPEN), "rev": promotion.rev}
        return from_item(Promotion, self.items.update(key, changes, expected=expected))

    def end_stage(
        self, tenant: str, promotion: Promotion, stage: str, outcome: str, **changes: Any
    ) -> Promotion:
        now = self.items.now()
        began = promotion.stages.get(stage)
        done = Stage(began.started_at if began else now, now, outcome)
        stages = {name: to_attributes(each) for name, each in {**promotion.stages, stage: done}.items()}
        return self.change(tenant, promotion, stage=stage, stages=stages, **changes)

    def next_attempt(self, tenant: str, promotion: Promotion) -> Promotion:
        """For a workflow that starts again; Conflict when the promotion was changed since it was read."""
        key = keys.promotion(tenant=tenant, project=promotion.project, promotion_id=promotion.promotion_id)
        changes = {"attempt": promotion.attempt + 1}
        return from_item(Promotion, self.items.update(key, changes, expected={"rev": promotion.rev}))

    def decide(self, tenant: str, project: str, promotion_id: str, decision: Decision) -> Promotion:
        """Take one person's decision; Conflict when it comes twice, too late or to a closed promotion."""
        promotion = self.get(tenant, project, promotion_id)
        status, decisions = rules.decide(promotion, decision)
        try:
            return self.change(
                tenant, promotion, status=status, decisions=[to_attributes(each) for each in decisions]
            )
        except Conflict:
            rules.decide(self.get(tenant, project, promotion_id), decision)  # says what came in between
            raise

    def conclude(self, tenant: str, promotion: Promotion, *, status: str, **changes: Any) -> Promotion:
        """End a promotion; its version may be promoted into this environment again."""
        key = keys.promotion(tenant=tenant, project=promotion.project, promotion_id=promotion.promotion_id)
        final = {"status": status, "ended_at": self.items.now(), **changes}
        ended = self.items.update(
            key,
            final,
            expected={"status": (*rules.OPEN, status)},
            remove=["gsi1pk", "gsi1sk", "task_token"],
        )
        self.items.delete(self._guard(tenant, promotion), expected={"promotion_id": promotion.promotion_id})
        return from_item(Promotion, ended)

    def _guard(self, tenant: str, promotion: Promotion) -> keys.Key:
        return keys.promotion_of(
            tenant=tenant,
            project=promotion.project,
            version=promotion.model_version,
            environment=promotion.environment,
        )
