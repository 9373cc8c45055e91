"""Every route of the control API."""

from __future__ import annotations

from functions.manage_platform import (
    audit,
    batches,
    bundles,
    callback_secrets,
    drift,
    edge_predictions,
    endpoints,
    feedback,
    forgotten,
    garbage,
    lineage,
    models,
    openapi,
    predictions,
    projects,
    promotions,
    requests,
    tenants,
    tokens,
    trainings,
    uploads,
    whoami,
)
from functions.manage_platform.routes import Call, Json, Route


def describe(_call: Call) -> Json:
    return openapi.document(ROUTES)


ROUTES: tuple[Route, ...] = (
    *whoami.ROUTES,
    Route("GET", "/openapi.json", "platform.read", "This API as OpenAPI 3.1", describe),
    *projects.ROUTES,
    *uploads.ROUTES,
    *trainings.ROUTES,
    *models.ROUTES,
    *bundles.ROUTES,
    *promotions.ROUTES,
    *endpoints.ROUTES,
    *batches.ROUTES,
    *requests.ROUTES,
    *callback_secrets.ROUTES,
    *predictions.ROUTES,
    *feedback.ROUTES,
    *forgotten.ROUTES,
    *edge_predictions.ROUTES,
    *drift.ROUTES,
    *lineage.ROUTES,
    *audit.ROUTES,
    *tokens.ROUTES,
    *tenants.ROUTES,
    *garbage.ROUTES,
)
