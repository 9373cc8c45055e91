"""Promotion records: opened once a version and environment, decided by conditional writes."""

from __future__ import annotations

from typing import Any

from sluice.domain import promotion as rules
from sluice.domain.errors import Conflict
from sluice.domain.promotion import Decision, Promotion
from sluice.domain.training import Stage
from sluice.stores import keys
from sluice.stores.items import TransactionRefused
from sluice.stores.project_records import ProjectRecords
from sluice.stores.records import from_item, to_attributes


class PromotionStore(ProjectRecords[Promotion]):
    kind, record = "promotion", Promotion

    def open_new(self, tenant: str, promotion: Promotion) -> Promotion:
        """Open a promotion, or give the one that is open for this version and environment already."""
        guard_key = self._guard(tenant, promotion)
        guard = self.items.putting(
            {"pk": guard_key[0], "sk": guard_key[1], "promotion_id": promotion.promotion_id}
        )
        record = self.items.putting(self._new_open(tenant, promotion))
        try:
            self.items.transact([guard, record], token=promotion.promotion_id)
        except TransactionRefused:
            known = self.items.get(guard_key)
            if known is None:
                raise
            return self.get(tenant, promotion.project, known["promotion_id"])
        return self.get(tenant, promotion.project, promotion.promotion_id)

    def change(self, tenant: str, promotion: Promotion, **changes: Any) -> Promotion:
        """Set fields of an open promotion that nobody changed since it was read; Conflict otherwise."""
        key = self._key(tenant, promotion)
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
        key = self._key(tenant, promotion)
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
        key = self._key(tenant, promotion)
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
