"""MLflow's scoring protocol (and SageMaker's container contract) under /endpoints/{project}/{environment},
and beside it a plain form for people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from functions.predict.answers import Answer, json_answer, predictions_answer
from functions.predict.call import Call, content_of
from functions.predict.serving import Ask, Scored, Serving, answer_scored
from sluice import __version__
from sluice.domain.predictions import prediction_ids
from sluice.scoring.invocations import Invocation, answer_of, parse_invocation, table_of
from sluice.scoring.plain import answer_plain, decode_plain
from sluice.web.caller import Caller, read_caller
from sluice.web.permissions import require

if TYPE_CHECKING:
    from sluice.domain.endpoints import Endpoint


def ping(serving: Serving, call: Call, *, project: str, environment: str) -> Answer:
    """200 and an empty line once a model is loaded here; the errors of loading it otherwise."""
    _, endpoint = _admitted(serving, call, project, environment, "endpoint.read")
    for variant in endpoint.variants:
        serving.source.load(variant)
    return Answer(200, b"\n")


def version(serving: Serving, call: Call, *, project: str, environment: str) -> Answer:
    """The version of the server, as text."""
    _admitted(serving, call, project, environment, "endpoint.read")
    return Answer(200, __version__.encode(), "text/plain")


def invocations(serving: Serving, call: Call, *, project: str, environment: str) -> Answer:
    """{"predictions": ...} with what MLflow's clients read past: prediction ids, model, classes."""
    return answer_invocation(serving, call, project, environment, lambda _body, _scored: {})


Also = Callable[[Invocation, Scored], Mapping[str, Any]]
"""What an answer says besides the predictions."""


def answer_invocation(
    serving: Serving, call: Call, project: str, environment: str, also: Also, more: Collection[str] = ()
) -> Answer:
    """The predictions of one request, recorded; `more` names params that `also` understands."""
    caller, endpoint = _admitted(serving, call, project, environment, "prediction.score")
    body = parse_invocation(content_of(call), call.headers.get("content-type", ""), more)
    ask = Ask("mlflow", partial(table_of, body), entity=body.entity)

    def write(scored: Scored) -> Answer:
        return predictions_answer(
            {
                "predictions": answer_of(scored.scores, body.output),
                "classes": list(scored.served.model.manifest.classes),
                "model": _model(scored),
                **also(body, scored),
            },
            prediction_ids(scored.call.request_id, scored.rows.count),
        )

    return answer_scored(serving, call, caller, endpoint, ask, write)


def score(serving: Serving, call: Call, *, project: str, environment: str) -> Answer:
    """For people: objects in, one readable object a row out."""
    caller, endpoint = _admitted(serving, call, project, environment, "prediction.score")
    table = decode_plain(content_of(call))
    ask = Ask("plain", lambda _: table)

    def write(scored: Scored) -> Answer:
        rows = answer_plain(scored.call.request_id, scored.scores, scored.served.model.manifest.classes)
        return json_answer({"rows": rows, "model": _model(scored)})

    return answer_scored(serving, call, caller, endpoint, ask, write)


def _model(scored: Scored) -> dict[str, str]:
    variant = scored.served.variant
    return {"name": scored.endpoint.project, "version": str(variant.model_version), "variant": variant.name}


def _admitted(
    serving: Serving, call: Call, project: str, environment: str, action: str
) -> tuple[Caller, Endpoint]:
    caller = read_caller(call.event)
    require(caller, action, project)
    return caller, serving.endpoint(caller.tenant, project, environment)
