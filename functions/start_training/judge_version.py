"""A version that somebody registered through MLflow: judged like a trained one, where the project says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.start_training.queue_training import Order, queue_training
from functions.start_training.request_training import sequencer_of
from sluice.domain.errors import NotFound
from sluice.domain.ids import derived_id
from sluice.domain.project import Project
from sluice.domain.tracking.entities import EVALUATION_TAG, ModelVersion
from sluice.domain.training import GivenModel
from sluice.project.schema import stored_project
from sluice.stores.deployment import Deployment

_NO_DATASET = "waiting: the project has no accepted dataset yet"


def judge_version(deployment: Deployment, tenant: str, name: str, told: Mapping[str, Any]) -> str:
    """queued, or why not: `gone`, `not_wanted`, or `no_dataset`, which is asked for again later.

    The training's id follows from the version: an event that comes twice makes one training.
    """
    project = deployment.projects.get(tenant, name)
    number = int(told["model_version"])
    try:
        version = deployment.tracking.versions.get(tenant, name, number)
    except NotFound:
        return "gone"
    versions = deployment.tracking.versions
    if not _is_wanted(project):
        versions.take_up(tenant, name, number)
        return "not_wanted"
    deployment.tracking.ensure_registered_model(tenant, name)  # from now on it keeps its name
    order = _order(project, version, tenant, told)
    if order is None:
        versions.set_tag(tenant, name, number, EVALUATION_TAG, _NO_DATASET)
        return "no_dataset"
    if version.tags.get(EVALUATION_TAG) in {None, _NO_DATASET}:  # later tags are the verdict's
        versions.set_tag(tenant, name, number, EVALUATION_TAG, "under way")
    queue_training(deployment, tenant, project, order)
    versions.take_up(tenant, name, number)
    return "queued"


def _is_wanted(project: Project) -> bool:
    return stored_project(project.document).training.registered_models == "evaluate"


def _order(project: Project, version: ModelVersion, tenant: str, told: Mapping[str, Any]) -> Order | None:
    if project.dataset is None:
        return None
    training_id = derived_id(version.creation_time, tenant, project.name, str(version.version))
    return Order(
        training_id=training_id,
        dataset=project.dataset,
        cause="registered",
        requested_by=str(told["requested_by"]),
        authenticated=True,
        correlation_id=training_id,
        sequencer=sequencer_of(training_id),
        given=GivenModel(version.version, version.source, version.run_id),
    )
