"""The steps of the BATCH workflow: plan, score (a part), conclude."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.score_batch.conclude import conclude
from functions.score_batch.plan import plan
from functions.score_batch.score_part import score_part
from functions.score_batch.settings import Room, room
from sluice.domain.batch import Batch
from sluice.web.observability import observed

Step = Callable[[Room, str, Batch, Mapping[str, Any], Callable[[], int]], dict[str, Any]]
STEPS: Mapping[str, Step] = {"plan": plan, "score": score_part, "conclude": conclude}


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """`event` names the step and the batch; each step reads the record first."""
    batch = room().batches.get(event["tenant"], event["project"], event["batch_id"])
    left: Callable[[], int] = context.get_remaining_time_in_millis
    return STEPS[event["step"]](room(), event["tenant"], batch, event, left)
