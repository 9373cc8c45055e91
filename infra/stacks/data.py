"""Data: everything that must survive a deployment, and nothing else."""

from aws_cdk import Stack
from constructs import Construct

from infra.constructs.bucket import AccessLogsBucket, StateBucket, audit_lock, browser_access
from infra.constructs.table import StateTable
from infra.parameters import publish
from infra.stages import Stage


class DataStack(Stack):
    """Four tables of one shape, four buckets, and the parameters by which the other stacks find them."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Sluice {stage.name}: tables and buckets",
            termination_protection=True,
        )
        self._add_tables(stage)
        self._add_buckets(stage)

    def _add_tables(self, stage: Stage) -> None:
        for role in ("Platform", "Tracking", "Ledger", "Audit"):
            table = StateTable(self, f"{role}Table", deletion_protection=stage.deletion_protection)
            publish(self, stage, f"{role.lower()}-table", table.table_name)
            if role in {"Ledger", "Tracking"} and table.table_stream_arn:
                publish(self, stage, f"{role.lower()}-stream-arn", table.table_stream_arn)

    def _add_buckets(self, stage: Stage) -> None:
        logs = AccessLogsBucket(self, "AccessLogs")
        origin = stage.public_origin
        uploads = browser_access(origin, uploads=True) if origin else None
        # The web interface is there without a name of its own, too.
        downloads = browser_access(origin or "*", uploads=False)
        buckets = {
            "data": StateBucket(self, "DataBucket", access_logs=logs, announce=True, cors=uploads),
            "artifacts": StateBucket(self, "ArtifactsBucket", access_logs=logs, cors=downloads),
            "archive": StateBucket(self, "ArchiveBucket", access_logs=logs),
            "audit": StateBucket(self, "AuditBucket", access_logs=logs, lock=audit_lock(stage)),
        }
        for role, bucket in buckets.items():
            publish(self, stage, f"{role}-bucket", bucket.bucket_name)
