"""The Open Inference Protocol v2 under /v2: one model a project, `{project}` for production and
`{project}.{environment}` for any other environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from functions.predict.answers import Answer, json_answer
from functions.predict.call import Call, content_of, header_length_of
from functions.predict.serving import Ask, Scored, Serving, answer_scored, variant_of_version
from sluice import __version__
from sluice.scoring.oip import (
    EXTENSIONS,
    InferBody,
    encode_infer,
    model_metadata,
    parse_infer,
    table_of,
    wanted_outputs,
)
from sluice.web.caller import Caller, read_caller
from sluice.web.permissions import require

if TYPE_CHECKING:
    from sluice.domain.endpoints import Endpoint

PRODUCTION = "production"


def server_metadata(serving: Serving, call: Call, **_: str) -> Answer:  # noqa: ARG001 - a route's signature
    return json_answer({"name": "sluice", "version": __version__, "extensions": list(EXTENSIONS)})


def health(serving: Serving, call: Call, **_: str) -> Answer:  # noqa: ARG001
    """Whoever reads this is answered by a function that is there; clients look for either key."""
    return json_answer({"live": True, "ready": True})


def metadata(serving: Serving, call: Call, *, model: str, version: str | None = None) -> Answer:
    """The inputs and outputs of the first variant, or of the version asked for."""
    _, endpoint = _admitted(serving, call, model, "endpoint.read")
    variant = variant_of_version(endpoint, version) if version else endpoint.variants[0]
    served = serving.source.load(variant)
    versions = [str(each.model_version) for each in endpoint.variants]
    return json_answer(model_metadata(model, versions, served.model.manifest))


def ready(serving: Serving, call: Call, *, model: str, version: str | None = None) -> Answer:
    """200 once the model is loaded here; the errors of loading it otherwise."""
    _, endpoint = _admitted(serving, call, model, "endpoint.read")
    for variant in [variant_of_version(endpoint, version)] if version else endpoint.variants:
        serving.source.load(variant)
    return json_answer({"name": model, "ready": True})


def infer(serving: Serving, call: Call, *, model: str, version: str | None = None) -> Answer:
    """Score one request, in JSON or with binary tensors."""
    return answer_infer(serving, call, model, version, lambda _body, _scored: {})


Also = Callable[[InferBody, Scored], Mapping[str, Sequence[str]]]
"""Texts, one a row, that an answer carries besides the scores: an output of each name."""


def answer_infer(serving: Serving, call: Call, model: str, version: str | None, also: Also) -> Answer:
    """The scores of one request, recorded, and what `also` says of them."""
    caller, endpoint = _admitted(serving, call, model, "prediction.score")
    body = parse_infer(content_of(call), header_length_of(call))
    ask = Ask("open_inference", partial(table_of, body), version, body.entity, body.client_id)

    def write(scored: Scored) -> Answer:
        manifest = scored.served.model.manifest
        wanted = wanted_outputs(body, manifest)
        texts = also(body, scored)
        answer = encode_infer(_head(model, scored), scored.scores, manifest.classes, wanted, texts)
        if answer.header_length is None:
            return Answer(200, answer.content)
        headers = {"inference-header-content-length": str(answer.header_length)}
        return Answer(200, answer.content, "application/octet-stream", binary=True, headers=headers)

    return answer_scored(serving, call, caller, endpoint, ask, write)


def _head(model: str, scored: Scored) -> Mapping[str, Any]:
    """`id` echoes the caller's; ours is always in the parameters."""
    return {
        "model_name": model,
        "model_version": str(scored.served.variant.model_version),
        "id": scored.ask.client_id or scored.call.request_id,
        "parameters": {
            "request_id": scored.call.request_id,
            "prediction_ids": scored.ids,
            "variant": scored.served.variant.name,
        },
    }


def _admitted(serving: Serving, call: Call, model: str, action: str) -> tuple[Caller, Endpoint]:
    project, _, environment = model.partition(".")
    caller = read_caller(call.event)
    require(caller, action, project)
    return caller, serving.endpoint(caller.tenant, project, environment or PRODUCTION)
