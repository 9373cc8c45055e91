"""A registered model version enters promotion when its evaluation allows it."""

from __future__ import annotations

from typing import Any

from sluice.stores.deployment import deployment
from sluice.web.observability import observed
from sluice.workflows.open_promotion import ELIGIBLE, PromotionRequest, open_promotion


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """`outcome` is opened or not_eligible."""
    detail = event["detail"]
    data = detail["data"]
    if data["outcome"] not in ELIGIBLE:
        return {"outcome": "not_eligible"}
    request = PromotionRequest(
        detail["project"],
        data["model_version"],
        data["requested_by"],
        detail["correlation_id"],
        requester_known=data["authenticated"],
    )
    promotion = open_promotion(deployment(), detail["tenant"], request)
    return {"outcome": "opened", "promotion_id": promotion.promotion_id}
