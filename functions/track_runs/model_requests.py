"""What MLflow's clients send: logged models and the model registry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from functions.track_runs.requests import ExperimentId, Key, Needed, Param, Request, Tag
from sluice.domain.tracking import limits

ModelName = Annotated[str, AfterValidator(limits.check_model_name)]
Version = Annotated[str, AfterValidator(lambda text: str(limits.read_version(text)))]
TagValue = Annotated[
    str, AfterValidator(lambda text: limits.within("value", text, limits.REGISTRY_TAG_VALUE))
]


class RegistryTag(Request):
    key: Key
    value: TagValue = ""


class ByModel(Request):
    name: ModelName


class CreateModel(ByModel):
    tags: Annotated[tuple[RegistryTag, ...], Field(max_length=90)] = ()
    description: str = ""


class RenameModel(ByModel):
    new_name: Annotated[str, AfterValidator(lambda name: limits.check_model_name(name, "new_name"))]


class UpdateModel(ByModel):
    description: str = ""


class SearchModels(Request):
    filter: str = ""
    max_results: int = 100
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class LatestVersions(ByModel):
    stages: tuple[str, ...] = ()


class SetModelTag(ByModel, RegistryTag):
    pass


class ModelKey(ByModel):
    key: Needed


class SetAlias(ByModel):
    alias: Annotated[str, AfterValidator(lambda alias: limits.check_alias(alias, new=True))]
    version: Version


class ByAlias(ByModel):
    alias: Annotated[str, AfterValidator(lambda alias: limits.check_alias(alias, new=False))]


class ByVersion(ByModel):
    version: Version


class CreateVersion(ByModel):
    source: Needed
    run_id: str = ""
    tags: Annotated[tuple[RegistryTag, ...], Field(max_length=90)] = ()
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class UpdateVersion(ByVersion):
    description: str = ""


class TransitionStage(ByVersion):
    stage: Needed
    archive_existing_versions: bool = False


class SearchVersions(Request):
    filter: str = ""
    max_results: int = 10_000
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class SetVersionTag(ByVersion, RegistryTag):
    pass


class VersionKey(ByVersion):
    key: Needed


class CreateLoggedModel(Request):
    experiment_id: ExperimentId
    name: Annotated[str, AfterValidator(limits.check_logged_model_name)] = ""
    model_type: str = ""
    source_run_id: str = ""
    params: tuple[Param, ...] = ()
    tags: tuple[Tag, ...] = ()


class ByLoggedModel(Request):
    model_id: Needed


class FinalizeLoggedModel(ByLoggedModel):
    status: Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]


class LoggedModelTags(ByLoggedModel):
    tags: tuple[Tag, ...] = ()


class LoggedModelTagKey(ByLoggedModel):
    tag_key: Needed


class LoggedModelParams(ByLoggedModel):
    params: tuple[Param, ...] = ()


class LoggedModelOrder(Request):
    field_name: Needed
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class DatasetOf(Request):
    dataset_name: Needed
    dataset_digest: str = ""


class SearchLoggedModels(Request):
    experiment_ids: tuple[ExperimentId, ...] = ()
    filter: str = ""
    datasets: tuple[DatasetOf, ...] = ()
    max_results: int = 0
    order_by: tuple[LoggedModelOrder, ...] = ()
    page_token: str = ""


class LoggedModelArtifacts(ByLoggedModel):
    artifact_directory_path: str = ""
