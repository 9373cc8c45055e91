"""The work, each part of which may be repeated: the training's id makes it the same version again."""

from __future__ import annotations

from functions.register_model.copy_files import copy_files
from functions.register_model.log_run import log_run
from sluice.domain.errors import Conflict, Invalid, Reason
from sluice.domain.event import Event
from sluice.domain.lineage import (
    Edge,
    code_node,
    dataset_node,
    model_node,
    project_node,
    run_node,
    training_node,
)
from sluice.domain.model import MAXIMUM_MODEL_BYTES, ModelVersion
from sluice.domain.training import NO_CODE, Training
from sluice.scoring.manifest import Manifest
from sluice.stores.deployment import Deployment
from sluice.stores.secrets import ENTITY_KEYS
from sluice.workflows.announce import announce
from sluice.workflows.training_stage import Found


def register(deployment: Deployment, tenant: str, training: Training) -> Found:
    """Registered, with the version's number on the record."""
    if training.run_id is None or training.experiment_id is None or training.outcome is None:
        raise Conflict(f"training {training.training_id} has no run or no outcome: it was not evaluated")
    manifest = Manifest.parse(deployment.artefacts.read(training.artefacts["manifest"]))
    _check_size(training.artefacts["model"].size)
    if manifest.personal:  # predict, which will wrap entities' keys with it, may not write it
        deployment.secrets.key(tenant, ENTITY_KEYS)
    artefacts = copy_files(deployment.artefacts, tenant, training, manifest)
    log_run(deployment.tracking, tenant, training, manifest)
    version = _number(deployment, tenant, training, manifest, training.run_id)
    report = training.artefacts["report"]
    model = ModelVersion(
        project=training.project,
        version=version,
        training_id=training.training_id,
        run_id=training.run_id,
        experiment_id=training.experiment_id,
        dataset=training.dataset,
        code=training.code,
        code_digest=training.code_digest,
        project_version=training.project_version,
        project_digest=training.project_digest,
        model_digest=manifest.digest,
        report_digest=report.sha256,
        outcome=training.outcome,
        requested_by=training.requested_by,
        artefacts=artefacts,
        verdict=training.details.get("verdict", {}),
        correlation_id=training.correlation_id,
    )
    deployment.models.add(tenant, model)
    deployment.lineage.link(tenant, training.project, *_edges(training, version))
    _tell(deployment, tenant, training, model)
    return Found("registered", changes={"model_version": version})


def _check_size(size: int) -> None:
    if size > MAXIMUM_MODEL_BYTES:
        expected = f"at most {MAXIMUM_MODEL_BYTES} bytes"
        reason = Reason("model.onnx", "the model is too large to be served", f"{size} bytes", expected)
        raise Invalid("the model is too large: fewer or shallower trees, or fewer categories", [reason])


def _number(deployment: Deployment, tenant: str, training: Training, manifest: Manifest, run_id: str) -> int:
    """The registry's next number, the same one for the same training; a given model keeps its own."""
    tracking = deployment.tracking
    tracking.ensure_registered_model(tenant, training.project)
    tags = {
        "sluice.training_id": training.training_id,
        "sluice.outcome": training.outcome or "",
        "sluice.model_digest": manifest.digest,
        "sluice.dataset_sha256": training.dataset.sha256,
        "sluice.code_digest": training.code_digest,
        "sluice.project_digest": training.project_digest,
    }
    if training.given:
        tracking.versions.tag(tenant, training.project, training.given.version, tags)
        return training.given.version
    run = tracking.get_run(tenant, run_id)
    return tracking.create_model_version(
        tenant,
        training.project,
        source=f"{run.artifact_uri}/model",
        run_id=run_id,
        token=training.training_id,
        tags=tags,
        description=str(training.details.get("verdict", {}).get("sentence", "")),
    )


def _edges(training: Training, version: int) -> list[Edge]:
    here = training_node(training.training_id)
    edges = [
        Edge(dataset_node(training.dataset.sha256), "judged" if training.given else "trained", here),
        Edge(project_node(training.project_digest), "configured", here),
        Edge(here, "made", model_node(training.project, version)),
    ]
    if training.given and training.given.run_id:
        edges.append(Edge(run_node(training.given.run_id), "logged", here))
    if training.code_digest != NO_CODE:
        edges.append(Edge(code_node(training.code_digest), "was run by", here))
    return edges


def _tell(deployment: Deployment, tenant: str, training: Training, model: ModelVersion) -> None:
    training_id = training.training_id
    told = {
        "training_id": training_id,
        "outcome": model.outcome,
        "requested_by": training.requested_by,
        "authenticated": training.authenticated,
    }
    data = told | {"model_version": model.version}
    announce(
        deployment,
        Event("ModelRegistered", tenant, training.project, training.correlation_id, training_id, data),
        action="model.registered",
        subject=model_node(training.project, model.version),
        details=told | {"model_digest": model.model_digest, "report_digest": model.report_digest},
        event_id=f"{training_id}.registered",
    )
