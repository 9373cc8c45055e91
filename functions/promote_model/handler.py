"""The states of a promotion: one door, one table of steps."""

from __future__ import annotations

from typing import Any

from functions.promote_model.check_gates import check_gates
from functions.promote_model.conclude import conclude
from functions.promote_model.deploy import deploy
from functions.promote_model.request_approval import request_approval
from functions.promote_model.roll_out import roll_out
from functions.promote_model.smoke_test import smoke_test
from functions.promote_model.step import Step, StepInput
from sluice.stores.deployment import deployment
from sluice.web.observability import observed

STEPS: dict[str, Step] = {
    "check_gates": check_gates,
    "deploy": deploy,
    "smoke_test": smoke_test,
    "request_approval": request_approval,
    "roll_out": roll_out,
    "conclude": conclude,
}


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """`step` names the state; the record says how far the promotion is, so that each may run again."""
    given = StepInput.from_event(event)
    promotion = deployment().promotions.get(given.tenant, given.project, given.promotion_id)
    return STEPS[event["step"]](deployment(), given, promotion)
