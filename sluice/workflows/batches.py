"""From a file that lies there to a batch that runs: received once, with one model from start to end."""

from __future__ import annotations

from sluice.domain.batch import Address, Batch, ServedModel, address_of, form_of
from sluice.domain.endpoints import Endpoint
from sluice.domain.errors import Conflict, Reason
from sluice.project.schema import stored_project
from sluice.stores.deployment import Deployment
from sluice.stores.records import to_attributes


def receive_file(deployment: Deployment, key: str, version_id: str, by: str) -> Batch | None:
    """Start the batch that an object is for, or of a dropped one a new batch; None where no file belongs.

    Each object version is received once, however often it is told of.
    """
    address = address_of(key)
    if address is None or deployment.projects.find(address.tenant, address.project) is None:
        return None
    tenant = address.tenant
    batch = _announced(deployment, address, key) or _dropped(deployment, address, key, version_id, by)
    if batch.status != "waiting":
        return batch
    try:
        return begin(deployment, tenant, batch, version_id)
    except Conflict:  # another delivery of the same event was faster
        return deployment.batches.get(tenant, batch.project, batch.batch_id)


def begin(deployment: Deployment, tenant: str, batch: Batch, version_id: str) -> Batch:
    """Fix the object version and the model, and start the workflow; a batch that cannot run is rejected."""
    head = deployment.artefacts.head("data", batch.key, version_id)
    found = {"version_id": version_id, "size": head["ContentLength"], "etag": head["ETag"].strip('"')}
    endpoint = deployment.endpoints.get(tenant, batch.project, batch.environment)
    problem = _problem(batch, head["ContentLength"], endpoint)
    if problem or endpoint is None:
        reasons = [to_attributes(problem)] if problem else []
        ended = deployment.batches.end(tenant, batch, "rejected", **found, reasons=reasons)
        return settle(deployment, tenant, ended)
    running = deployment.batches.change(
        tenant, batch, status="running", attempt=1, model=to_attributes(_model(endpoint)), **found
    )
    _start(deployment, tenant, running)
    return running


def restart(deployment: Deployment, tenant: str, batch: Batch) -> Batch:
    """Start the next attempt: parts that are done stay done, and one at its end is concluded."""
    again = deployment.batches.next_attempt(tenant, batch)
    _start(deployment, tenant, again)
    return again


def settle(deployment: Deployment, tenant: str, ended: Batch) -> Batch:
    """For one that ended before its workflow began, or without it: have it told, unless there is no file and
    nobody to tell.
    """
    if ended.callback or ended.version_id:
        return restart(deployment, tenant, ended)
    return deployment.batches.close(tenant, ended)


def id_column_of(deployment: Deployment, tenant: str, project: str) -> str | None:
    """The column that names a row in this project."""
    ids = stored_project(deployment.projects.get(tenant, project).document).contract.with_role("id")
    return ids[0].name if ids else None


def _announced(deployment: Deployment, address: Address, key: str) -> Batch | None:
    if address.batch_id is None:
        return None
    batch = deployment.batches.find(address.tenant, address.project, address.batch_id)
    return batch if batch and batch.key == key else None


def _dropped(deployment: Deployment, address: Address, key: str, version_id: str, by: str) -> Batch:
    batch_id = deployment.platform.new_id()
    return deployment.batches.create(
        address.tenant,
        Batch(
            batch_id=batch_id,
            kind="batch",
            project=address.project,
            environment=address.environment,
            form=form_of(address.file) or "csv",
            key=key,
            requested_by=f"s3:{by}",
            authenticated=False,
            correlation_id=batch_id,
            version_id=version_id,
            id_column=id_column_of(deployment, address.tenant, address.project),
        ),
    )


def _problem(batch: Batch, size: int, endpoint: Endpoint | None) -> Reason | None:
    file = batch.key.rsplit("/", 1)[-1]
    if batch.kind == "batch" and form_of(file) is None:
        expected = ".csv, .ndjson, .jsonl or .parquet, not compressed"
        return Reason("file", "this kind of file cannot be scored in parts", file, expected)
    if not size:
        return Reason("file", "the file is empty", "0 bytes", "rows")
    if endpoint is None:
        return Reason("environment", "no version serves there", batch.environment, "promote one first")
    return None


def _model(endpoint: Endpoint) -> ServedModel:
    """The variant that most callers meet."""
    variant = max(endpoint.variants, key=lambda each: each.weight)
    return ServedModel(
        variant.model_version,
        variant.model_digest,
        variant.name,
        endpoint.revision,
        endpoint.promotion_id,
        variant.artefacts,
    )


def _start(deployment: Deployment, tenant: str, batch: Batch) -> None:
    deployment.batch_workflow.start(
        tenant=tenant,
        project=batch.project,
        kind="batch",
        record_id=batch.batch_id,
        attempt=batch.attempt,
    )
