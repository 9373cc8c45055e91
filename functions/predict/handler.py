"""Scores over HTTP: the Open Inference Protocol under /v2, MLflow's scoring protocol under /endpoints."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from functions.predict.build_serving import build_serving
from functions.predict.door import answer
from functions.predict.restore import prepare_for_snapshots
from functions.predict.settings import settings
from sluice.web.observability import Event, observed

if TYPE_CHECKING:
    from functions.predict.serving import Serving


@cache
def serving() -> Serving:
    return build_serving(settings())


@observed
def handler(event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0), or the step `answer` of the BATCH workflow."""
    if event.get("step") == "answer":
        return _answer_stored(event)
    return answer(serving(), event, context)


def _answer_stored(event: Event) -> dict[str, Any]:
    from functions.predict.stored_request import answer_stored  # noqa: PLC0415 - brings pydantic, once needed
    from sluice.stores.deployment import deployment  # noqa: PLC0415 - the same

    return answer_stored(serving(), deployment().artefacts, deployment().batches, event)


prepare_for_snapshots(warm=serving, reset=serving.cache_clear)
