"""Deploy to every environment before the last: they are for testing, nobody depends on them."""

from __future__ import annotations

from typing import Any

from functions.promote_model.endpoint import serve
from functions.promote_model.step import StepInput
from sluice.domain.promotion import Promotion
from sluice.stores.deployment import Deployment


def deploy(deployment: Deployment, given: StepInput, promotion: Promotion) -> dict[str, Any]:
    """Deployed."""
    for environment in promotion.path[:-1]:
        serve(deployment, given.tenant, promotion, environment)
    deployment.promotions.end_stage(given.tenant, promotion, "deploy", "deployed")
    return {"outcome": "deployed"}
