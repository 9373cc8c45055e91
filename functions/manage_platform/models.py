"""Model versions as governance sees them."""

from __future__ import annotations

from functools import partial

from functions.manage_platform.routes import Call, Json, Route, listing, shown
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
)
