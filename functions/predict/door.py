"""The way of every request, whoever received it: Lambda here, the server of a serving bundle elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.predict.answers import as_event, error_answer, is_foreseen
from functions.predict.call import read_call
from functions.predict.routes import dispatch, form_of
from sluice.domain.ids import new_id
from sluice.web.limits import GATEWAY, Limits
from sluice.web.observability import Event, LogKey, correlation_of, logger, note

if TYPE_CHECKING:
    from functions.predict.serving import Serving


def answer(
    serving: Serving,
    event: Event,
    context: Any = None,  # noqa: ANN401 - Lambda's context
    *,
    limits: Limits = GATEWAY,
    request_id: str | None = None,
) -> dict[str, Any]:
    """Whatever happens, an answer in the form of the protocol that was spoken to.

    `request_id`: of a request that may be answered twice and is recorded once.
    """
    correlation_id = correlation_of(event, context)
    request_id = request_id or new_id()
    call = read_call(event, request_id=request_id, correlation_id=correlation_id, limits=limits)
    try:
        return as_event(dispatch(serving, call))
    except Exception as error:  # noqa: BLE001 - the door: nothing leaves it but an answer
        note(request_id=call.request_id, error=type(error).__name__)
        if not is_foreseen(error):
            logger().exception(LogKey.UNFORESEEN, extra={"request_id": call.request_id})
        return as_event(error_answer(error, form_of(call), call.request_id, correlation_id))
