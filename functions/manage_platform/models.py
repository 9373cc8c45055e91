"""Model versions as governance sees them."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial

from functions.manage_platform.routes import Call, Json, Route, listing, shown
from sluice.domain.errors import NotFound
from sluice.domain.model import ModelVersion
from sluice.stores.items import Item
from sluice.stores.records import from_item


def show_all(call: Call) -> Json:
    project = call.project
    fetch = partial(call.platform.models.page, call.tenant, project)

    def view(item: Item) -> Json:
        return shown(from_item(ModelVersion, item))

    return listing(call, f"models/{project}", fetch, view)


def show(call: Call) -> Json:
    return shown(call.platform.models.get(call.tenant, call.project, call.number("version")))


def show_card(call: Call) -> Json:
    """The card, and what became of the version since."""
    model = call.platform.models.get(call.tenant, call.project, call.number("version"))
    if "card" not in model.artefacts:
        raise NotFound(
            f"version {model.version} was registered before there were model cards: train it again"
        )
    card: Json = json.loads(call.platform.artefacts.read(model.artefacts["card"]))
    version = {
        "version": model.version,
        "model_digest": model.model_digest,
        "outcome": model.outcome,
        "verdict": dict(model.verdict),
        "dataset": asdict(model.dataset),
        "requested_by": model.requested_by,
        "created_at": model.created_at,
        "promotions": dict(model.promotions),
    }
    return card | version


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/models",
        "model.read",
        "Model versions, the newest first",
        show_all,
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
