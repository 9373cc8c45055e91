"""Keys of the platform, ledger and audit tables: built and parsed here and nowhere else."""

from __future__ import annotations

import hashlib

from sluice.domain.tenants import OPERATOR

Key = tuple[str, str]

LEDGER_SHARDS = 16


def project_partition(*, tenant: str, project: str) -> str:
    return f"{tenant}#project#{project}"


def projects_partition(*, tenant: str) -> str:
    return f"{tenant}#projects"


def open_partition(*, tenant: str) -> str:
    """Sparse: what is under way, so that a restart finds it."""
    return f"{tenant}#open"


def project(*, tenant: str, project: str) -> Key:
    return project_partition(tenant=tenant, project=project), "project"


def project_version(*, tenant: str, project: str, version: int) -> Key:
    return project_partition(tenant=tenant, project=project), f"version#{version:06d}"


def code(*, tenant: str, project: str, digest: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"code#{digest}"


def record(*, tenant: str, project: str, kind: str, record_id: str) -> Key:
    """An upload, training, promotion or batch."""
    return project_partition(tenant=tenant, project=project), f"{kind}#{record_id}"


def intent(*, tenant: str, project: str, upload_id: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"intent#{upload_id}"


def uploaded_object(*, tenant: str, project: str, object_key: str, version_id: str) -> Key:
    """One object version is one upload, however often its event is delivered."""
    name = hashlib.sha256(f"{object_key}\n{version_id}".encode()).hexdigest()
    return project_partition(tenant=tenant, project=project), f"object#{name}"


def training_identity(*, tenant: str, project: str, identity: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"identity#{identity}"


def training_lock(*, tenant: str, project: str) -> Key:
    return project_partition(tenant=tenant, project=project), "training_lock"


def queued(*, sequencer: str, training_id: str) -> str:
    """Sequencers are hexadecimal without a fixed width: padded, they sort."""
    return f"queued#{sequencer.upper():0>32}#{training_id}"


def open_record(*, kind: str, project: str, record_id: str) -> str:
    return f"{kind}#{project}#{record_id}"


def model(*, tenant: str, project: str, version: int) -> Key:
    return project_partition(tenant=tenant, project=project), f"model#{version:06d}"


def look(*, tenant: str, project: str, rows_sha256: str, training_id: str) -> Key:
    """A training has been evaluated on this set of rows."""
    return project_partition(tenant=tenant, project=project), f"look#{rows_sha256}#{training_id}"


def promotion_of(*, tenant: str, project: str, version: int, environment: str) -> Key:
    """Guard: one open promotion of one version into one environment."""
    return project_partition(tenant=tenant, project=project), f"promoting#{version:06d}#{environment}"


def endpoint(*, tenant: str, project: str, environment: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"endpoint#{environment}"


def endpoint_revision(*, tenant: str, project: str, environment: str, revision: int) -> Key:
    return project_partition(tenant=tenant, project=project), f"revision#{environment}#{revision:06d}"


def drift_report(*, tenant: str, project: str, environment: str, report_id: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"drift#{environment}#{report_id}"


def delivery(*, tenant: str, first: str) -> Key:
    """Guard: the records of the ledger's stream that were counted together, by the first of them."""
    return f"{tenant}#delivery#{first}", "delivery"


def counted_chunk(*, tenant: str, project: str, environment: str, version: int, chunk_id: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"chunk#{environment}#{version:06d}#{chunk_id}"


def pending_chunks(*, environment: str | None = None, version: int | None = None) -> str:
    """Prefix, in the local index, of counts that no total has taken in yet."""
    return (
        "pending#"
        + (f"{environment}#" if environment else "")
        + ("" if version is None else f"{version:06d}#")
    )


def monitor(*, tenant: str, project: str, environment: str, version: int) -> Key:
    return project_partition(tenant=tenant, project=project), f"monitor#{environment}#{version:06d}"


def unannounced_report(*, report_id: str) -> str:
    """Sparse, in the local index: a report whose events have not been published yet."""
    return f"unannounced#{report_id}"


def batch_partition(*, tenant: str, batch_id: str) -> str:
    """A partition of its own: thousands of parts end at once."""
    return f"{tenant}#batch#{batch_id}"


def batch_part(*, tenant: str, batch_id: str, part: int) -> Key:
    return batch_partition(tenant=tenant, batch_id=batch_id), f"part#{part:06d}"


def edge(*, tenant: str, project: str, source: str, target: str) -> Key:
    return project_partition(tenant=tenant, project=project), f"edge#{source}#{target}"


def edges_into(*, tenant: str, project: str, target: str) -> str:
    return f"{tenant}#lineage#{project}#{target}"


def callers_partition(*, tenant: str) -> str:
    return f"{tenant}#callers"


def token(*, tenant: str, token_id: str) -> Key:
    return callers_partition(tenant=tenant), f"token#{token_id}"


def session(*, tenant: str, digest: str) -> Key:
    return callers_partition(tenant=tenant), f"session#{digest}"


def tenants_partition() -> str:
    """The operating tenant keeps the others."""
    return f"{OPERATOR}#tenants"


def tenant(*, name: str) -> Key:
    return tenants_partition(), name


def secret(*, tenant: str, name: str) -> Key:
    return f"{tenant}#secrets", name


def callback_secret(*, tenant: str, project: str) -> Key:
    return project_partition(tenant=tenant, project=project), "callback-secret"


def idempotency(*, tenant: str, principal: str, key: str) -> Key:
    name = hashlib.sha256(key.encode()).hexdigest()
    return f"{tenant}#idempotency#{principal}", name


def prediction_partition(*, tenant: str, request_id: str) -> str:
    return f"{tenant}#prediction#{request_id}"


def parse_prediction_partition(partition: str) -> tuple[str, str]:
    """Tenant and request id; ValueError for any other partition."""
    tenant, kind, request_id = partition.split("#")
    if kind != "prediction":
        raise ValueError(f"{partition!r} is no partition of the ledger")
    return tenant, request_id


def scored_request(*, tenant: str, request_id: str) -> Key:
    return prediction_partition(tenant=tenant, request_id=request_id), "request"


def feedback(*, tenant: str, request_id: str, feedback_id: str) -> Key:
    return prediction_partition(tenant=tenant, request_id=request_id), f"feedback#{feedback_id}"


def endpoint_hour(*, tenant: str, project: str, environment: str, time: str, request_id: str) -> str:
    """Index partition of the ledger: an endpoint's hour, spread over shards so that none runs hot."""
    shard = hashlib.sha256(request_id.encode()).digest()[0] % LEDGER_SHARDS
    return f"{tenant}#endpoint#{project}#{environment}#{time[:13]}#{shard:02d}"


def entity_partition(*, tenant: str, project: str, subject: str) -> str:
    return f"{tenant}#entity#{project}#{subject}"


def entity_key(*, tenant: str, project: str, subject: str) -> Key:
    return entity_partition(tenant=tenant, project=project, subject=subject), "key"


def forgotten_key(*, tenant: str, project: str, subject: str, key_id: str) -> Key:
    return entity_partition(tenant=tenant, project=project, subject=subject), f"forgotten#{key_id}"


def endpoint_hours(*, tenant: str, project: str, environment: str, time: str) -> list[str]:
    """Every shard of an endpoint's hour."""
    hour = f"{tenant}#endpoint#{project}#{environment}#{time[:13]}"
    return [f"{hour}#{shard:02d}" for shard in range(LEDGER_SHARDS)]


def audit_partition(*, tenant: str, project: str) -> str:
    return f"{tenant}#audit#{project}"


def audit_event(*, tenant: str, project: str, event_id: str) -> Key:
    return audit_partition(tenant=tenant, project=project), f"event#{event_id}"


def audit_link(*, tenant: str, project: str, number: int) -> Key:
    return audit_partition(tenant=tenant, project=project), f"link#{number:012d}"
