"""Bring an approved version into its environment, by the project's strategy."""

from __future__ import annotations

from typing import Any

from functions.promote_model.endpoint import serve
from functions.promote_model.step import StepInput
from sluice.domain.errors import Conflict
from sluice.domain.lineage import Edge, model_node, promotion_node
from sluice.domain.promotion import Promotion
from sluice.stores.deployment import Deployment


def roll_out(deployment: Deployment, given: StepInput, promotion: Promotion) -> dict[str, Any]:
    """The outcome rolled_out. Conflict for a promotion that nobody approved."""
    if promotion.status != "approved":
        raise Conflict(f"the promotion is {promotion.status}, not approved")
    previous = deployment.endpoints.get(given.tenant, promotion.project, promotion.environment)
    serve(deployment, given.tenant, promotion, promotion.environment)
    deployment.tracking.set_alias(given.tenant, promotion.project, "champion", promotion.model_version)
    node = model_node(promotion.project, promotion.model_version)
    deployment.lineage.link(
        given.tenant, promotion.project, Edge(node, "promoted_by", promotion_node(promotion.promotion_id))
    )
    changes = {}
    if previous and previous.promotion_id != promotion.promotion_id:
        changes["previous_version"] = previous.variants[0].model_version
    deployment.promotions.end_stage(given.tenant, promotion, "roll_out", "rolled_out", **changes)
    return {"outcome": "rolled_out"}
