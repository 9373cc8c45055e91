"""Addresses of registered and logged models; see `routes`, which loads them when one is first asked for."""

from __future__ import annotations

from functions.track_runs import (
    artifacts,
    logged_models,
    model_requests,
    registered_models,
    versions,
)
from functions.track_runs.routes import MODEL_READ, MODEL_WRITE, RUN_READ, RUN_WRITE, Route, table

_R = model_requests

MODEL_ROUTES: tuple[Route, ...] = (
    *table(
        "mlflow/",
        RUN_READ,
        RUN_WRITE,
        (
            ("post", "logged-models", logged_models.create, _R.CreateLoggedModel),
            ("POST", "logged-models/search", logged_models.search, _R.SearchLoggedModels),
            ("GET", "logged-models/{model_id}", logged_models.get, _R.ByLoggedModel),
            ("patch", "logged-models/{model_id}", logged_models.finalize, _R.FinalizeLoggedModel),
            ("delete", "logged-models/{model_id}", logged_models.delete, _R.ByLoggedModel),
            ("patch", "logged-models/{model_id}/tags", logged_models.set_tags, _R.LoggedModelTags),
            (
                "delete",
                "logged-models/{model_id}/tags/{tag_key}",
                logged_models.delete_tag,
                _R.LoggedModelTagKey,
            ),
            ("post", "logged-models/{model_id}/params", logged_models.log_params, _R.LoggedModelParams),
            (
                "GET",
                "logged-models/{model_id}/artifacts/directories",
                artifacts.list_of_logged_model,
                _R.LoggedModelArtifacts,
            ),
        ),
    ),
    Route(
        "GET",
        "mlflow/logged-models/{model_id}/artifacts/files",
        RUN_READ,
        artifacts.get_of_logged_model,
        takes="id+query",
    ),
    *table(
        "mlflow/registered-models/",
        MODEL_READ,
        MODEL_WRITE,
        (
            ("post", "create", registered_models.create, _R.CreateModel),
            ("GET", "get", registered_models.get, _R.ByModel),
            ("GET", "search", registered_models.search, _R.SearchModels),
            ("patch", "update", registered_models.update, _R.UpdateModel),
            ("delete", "delete", registered_models.delete, _R.ByModel),
            ("post", "rename", registered_models.rename, _R.RenameModel),
            ("post", "set-tag", registered_models.set_tag, _R.SetModelTag),
            ("delete", "delete-tag", registered_models.delete_tag, _R.ModelKey),
            ("GET", "alias", registered_models.get_by_alias, _R.ByAlias),
            ("post", "alias", registered_models.set_alias, _R.SetAlias),
            ("delete", "alias", registered_models.delete_alias, _R.ByAlias),
            ("GET POST", "get-latest-versions", registered_models.latest_versions, _R.LatestVersions),
        ),
    ),
    *table(
        "mlflow/model-versions/",
        MODEL_READ,
        MODEL_WRITE,
        (
            ("post", "create", versions.create, _R.CreateVersion),
            ("GET", "get", versions.get, _R.ByVersion),
            ("GET", "search", versions.search, _R.SearchVersions),
            ("patch", "update", versions.update, _R.UpdateVersion),
            ("delete", "delete", versions.delete, _R.ByVersion),
            ("post", "set-tag", versions.set_tag, _R.SetVersionTag),
            ("delete", "delete-tag", versions.delete_tag, _R.VersionKey),
            ("GET", "get-download-uri", versions.download_uri, _R.ByVersion),
            ("post", "transition-stage", versions.transition, _R.TransitionStage),
        ),
    ),
)
