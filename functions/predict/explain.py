"""The doors of explanations: with a score in either protocol, and of a score that is on record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from functions.predict.answers import Answer, json_answer, within_limits
from functions.predict.explaining import Wanted, explain_again, explain_scored, report_findings
from functions.predict.mlflow_scoring import answer_invocation
from functions.predict.open_inference import answer_infer
from functions.predict.record import record_of
from sluice.domain.errors import Invalid
from sluice.web.caller import read_caller
from sluice.web.permissions import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.predict.call import Call
    from functions.predict.serving import Scored, Serving
    from sluice.domain.predictions import ScoredRequest
    from sluice.scoring.invocations import Invocation
    from sluice.scoring.oip import InferBody

PARAMETERS = ("counterfactuals", "class")


class _Explained:
    """The explanations of one answer: made while it is written, reported once it is on record."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._scored: tuple[str, ScoredRequest] | None = None
        self._told: list[dict[str, Any]] = []

    def of(self, scored: Scored, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._told = explain_scored(self._serving, scored, Wanted.read(given))
        self._scored = (scored.caller.tenant, record_of(scored))
        return self._told

    def report(self) -> None:
        if self._scored:
            report_findings(self._serving, *self._scored, self._told)


def open_inference(serving: Serving, call: Call, *, model: str, version: str | None = None) -> Answer:
    """What infer answers, and an output `explanation` with one JSON text a row."""
    explained = _Explained(serving)

    def also(body: InferBody, scored: Scored) -> dict[str, list[str]]:
        told = explained.of(scored, body.parameters)
        return {"explanation": [json.dumps(each, separators=(",", ":")) for each in told]}

    answer = answer_infer(serving, call, model, version, also)
    explained.report()
    return answer


def invocations(serving: Serving, call: Call, *, project: str, environment: str) -> Answer:
    """What invocations answers, and `explanations`."""
    explained = _Explained(serving)

    def also(body: Invocation, scored: Scored) -> dict[str, Any]:
        return {"explanations": explained.of(scored, body.params)}

    answer = answer_invocation(serving, call, project, environment, also, PARAMETERS)
    explained.report()
    return answer


def recorded(serving: Serving, call: Call, *, prediction_id: str) -> Answer:
    """The explanation of a prediction that is in the ledger, by the model that answered it."""
    caller = read_caller(call.event)
    require(caller, "prediction.read")
    given = call.event.get("queryStringParameters") or {}
    if unknown := sorted(set(given) - set(PARAMETERS)):
        raise Invalid(
            f"unknown query parameter {unknown[0][:40]!r}; this route knows {', '.join(PARAMETERS)}"
        )
    wanted = Wanted.read(given)
    request, told = explain_again(
        serving,
        caller.tenant,
        prediction_id,
        wanted,
        lambda project: require(caller, "prediction.read", project),
    )
    report_findings(serving, caller.tenant, request, [told])
    return within_limits(json_answer(told), call.limits)
