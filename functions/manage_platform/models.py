"""Model versions as governance sees them."""

from __future__ import annotations

import json

from functions.manage_platform.routes import Call, Json, Route, listed, shown
from sluice.domain.errors import NotFound
from sluice.domain.model import ModelVersion


def show(call: Call) -> Json:
    return shown(call.platform.models.get(call.tenant, call.project, call.number("version")))


_OF_VERSION = (
    "version", "model_digest", "outcome", "verdict", "dataset", "requested_by", "created_at", "promotions",
)  # fmt: skip


def show_card(call: Call) -> Json:
    """The card, and what became of the version since."""
    model = call.platform.models.get(call.tenant, call.project, call.number("version"))
    if "card" not in model.artefacts:
        raise NotFound(
            f"version {model.version} was registered before there were model cards: train it again"
        )
    card: Json = json.loads(call.platform.artefacts.read(model.artefacts["card"]))
    known = shown(model)
    return card | {name: known[name] for name in _OF_VERSION}


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/models",
        "model.read",
        "Model versions, the newest first",
        listed("models", lambda platform: platform.models.page, ModelVersion),
        answer=ModelVersion,
        paged=True,
    ),
    Route(
        "GET",
        "/projects/{project}/models/{version}",
        "model.read",
        "A model version: what it is made of, how it was judged, where it went",
        show,
        answer=ModelVersion,
    ),
    Route(
        "GET",
        "/projects/{project}/models/{version}/card",
        "model.read",
        "What moves a model version, and how; what it was judged on",
        show_card,
    ),
)
