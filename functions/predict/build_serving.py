"""This room's dependencies, built once when first needed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.predict.endpoint_cache import EndpointCache
from functions.predict.explaining import Explaining
from functions.predict.model_source import ModelSource
from functions.predict.serving import Serving
from sluice.domain.clock import system_clock
from sluice.domain.errors import Unavailable
from sluice.scoring.disk_cache import DiskCache
from sluice.scoring.sessions import ModelCache
from sluice.stores import clients, keys
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.entity_keys import EntityKeys
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from sluice.stores.secrets import SecretStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

    from functions.predict.explaining import FindVersion, Report
    from functions.predict.settings import Settings
    from sluice.domain.artefacts import ArtefactRef
    from sluice.domain.model import ModelVersion
    from sluice.domain.predictions import ScoredRequest


def build_serving(
    settings: Settings, dynamodb: DynamoDBClient | None = None, s3: S3Client | None = None
) -> Serving:
    """Serving from this deployment's tables and buckets."""
    dynamodb = dynamodb or clients.hurried_dynamodb()
    platform = Items(dynamodb, settings.platform_table)
    artefacts = ArtefactStore(
        s3 or clients.light_s3(), {"artifacts": settings.artifacts_bucket, "archive": settings.archive_bucket}
    )

    def fetch(ref: ArtefactRef) -> bytes:
        try:
            return artefacts.read(ref)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"the model's files cannot be read: {type(error).__name__}") from error

    def knows_project(tenant: str, project: str) -> bool:
        return platform.get(keys.project(tenant=tenant, project=project)) is not None

    disk = DiskCache(fetch, Path(tempfile.gettempdir()) / "sluice-models", settings.disk)
    items = Items(dynamodb, settings.ledger_table)
    ledger = Ledger(
        items,
        artefacts,
        retention_days=settings.retention_days,
        entity_keys=EntityKeys(items, SecretStore(platform)),
    )
    return Serving(
        endpoints=EndpointCache(EndpointStore(platform).get),
        source=ModelSource(ModelCache(disk.read, settings.model_memory)),
        ledger=ledger,
        knows_project=knows_project,
        clock=system_clock,
        explaining=Explaining(disk.read, ledger.get, *_records(platform, settings.audit_table)),
    )


def _records(platform: Items, audit_table: str) -> tuple[FindVersion, Report]:
    """Pydantic reads these records: the explanation that needs one imports it, no score waits for it."""

    def find_version(tenant: str, project: str, version: int) -> ModelVersion:
        from sluice.stores.models import ModelStore  # noqa: PLC0415 - see above

        return ModelStore(platform).get(tenant, project, version)

    def report(tenant: str, request: ScoredRequest, prediction_id: str) -> None:
        from sluice.stores.audit import AuditStore  # noqa: PLC0415 - see above
        from sluice.stores.findings import report_protected  # noqa: PLC0415 - see above

        try:
            report_protected(
                AuditStore(Items(clients.dynamodb(), audit_table)), tenant, request, prediction_id
            )
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"the finding cannot be put on record: {type(error).__name__}") from error

    return find_version, report
