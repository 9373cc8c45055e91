"""Which address is answered by what: one line a route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.predict import explain, mlflow_scoring, open_inference
from functions.predict.answers import Answer, Form, MethodNotAllowedError, json_answer
from sluice.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.predict.call import Call
    from functions.predict.serving import Serving

_MODEL = "v2/models/{model}"
_VERSION = f"{_MODEL}/versions/{{version}}"
_ENDPOINT = "endpoints/{project}/{environment}"

FORMS: Mapping[str, Form] = {"endpoints": "mlflow", "sluice": "problem"}


def describe(serving: Serving, call: Call) -> Answer:  # noqa: ARG001 - a route's signature
    """These addresses as OpenAPI 3.1."""
    from functions.predict.openapi import document  # noqa: PLC0415 - nobody who scores waits for it

    return json_answer(document())


ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", "v2", open_inference.server_metadata),
    ("GET", "v2/openapi.json", describe),
    ("GET", "v2/health/live", open_inference.health),
    ("GET", "v2/health/ready", open_inference.health),
    ("GET", _MODEL, open_inference.metadata),
    ("GET", f"{_MODEL}/ready", open_inference.ready),
    ("POST", f"{_MODEL}/infer", open_inference.infer),
    ("POST", f"{_MODEL}/explain", explain.open_inference),
    ("GET", _VERSION, open_inference.metadata),
    ("GET", f"{_VERSION}/ready", open_inference.ready),
    ("POST", f"{_VERSION}/infer", open_inference.infer),
    ("POST", f"{_VERSION}/explain", explain.open_inference),
    ("GET", f"{_ENDPOINT}/ping", mlflow_scoring.ping),
    ("GET", f"{_ENDPOINT}/health", mlflow_scoring.ping),
    ("GET", f"{_ENDPOINT}/version", mlflow_scoring.version),
    ("POST", f"{_ENDPOINT}/invocations", mlflow_scoring.invocations),
    ("POST", f"{_ENDPOINT}/score", mlflow_scoring.score),
    ("POST", f"{_ENDPOINT}/explain", explain.invocations),
    ("GET", "sluice/v1/predictions/{prediction_id}/explanation", explain.recorded),
)
_ROUTES = tuple((method, tuple(pattern.split("/")), door) for method, pattern, door in ROUTES)


def form_of(call: Call) -> Form:
    """The protocol whose errors this address answers with."""
    return FORMS.get(call.path[0], "open_inference")


def dispatch(serving: Serving, call: Call) -> Answer:
    """The answer of the route that fits; NotFound or MethodNotAllowedError when none does."""
    other_method = False
    for method, pattern, door in _ROUTES:
        found = _match(pattern, call.path)
        if found is None:
            continue
        if method == call.method:
            return door(serving, call, **found)
        other_method = True
    address = "/" + "/".join(call.path)
    if other_method:
        raise MethodNotAllowedError(f"{call.method[:10]} is not what {address[:200]} takes")
    raise NotFound(f"there is nothing at {address[:200]}")


def _match(pattern: tuple[str, ...], path: tuple[str, ...]) -> dict[str, str] | None:
    if len(pattern) != len(path):
        return None
    found: dict[str, str] = {}
    for wanted, given in zip(pattern, path, strict=True):
        if wanted.startswith("{"):
            found[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return found
