"""Scores over HTTP: the Open Inference Protocol under /v2, MLflow's scoring protocol under /endpoints."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from functions.predict.answers import as_event, error_answer, is_foreseen
from functions.predict.build_serving import build_serving
from functions.predict.call import read_call
from functions.predict.routes import dispatch, form_of
from functions.predict.settings import settings
from sluice.domain.ids import new_id
from sluice.web.observability import Event, LogKey, correlation_of, logger, note, observed

if TYPE_CHECKING:
    from functions.predict.serving import Serving


@cache
def serving() -> Serving:
    return build_serving(settings())


@observed
def handler(event: Event, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
    """The answer to one HTTP API request (payload 2.0)."""
    return answer(serving(), event, context)


def answer(serving: Serving, event: Event, context: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Whatever happens, an answer in the form of the protocol that was spoken to."""
    call = read_call(event, request_id=new_id(), correlation_id=correlation_of(event, context))
    try:
        return as_event(dispatch(serving, call))
    except Exception as error:  # noqa: BLE001 - the door: nothing leaves it but an answer
        note(request_id=call.request_id, error=type(error).__name__)
        if not is_foreseen(error):
            logger().exception(LogKey.UNFORESEEN, extra={"request_id": call.request_id})
        return as_event(error_answer(error, form_of(call), call.request_id))
