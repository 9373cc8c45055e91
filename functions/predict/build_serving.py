"""This room's dependencies, built once when first needed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.predict.endpoint_cache import EndpointCache
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
    from functions.predict.settings import Settings
    from sluice.domain.artefacts import ArtefactRef


def build_serving(settings: Settings) -> Serving:
    """Serving from this deployment's tables and buckets."""
    platform = Items(clients.hurried_dynamodb(), settings.platform_table)
    artefacts = ArtefactStore(
        clients.s3(), {"artifacts": settings.artifacts_bucket, "archive": settings.archive_bucket}
    )

    def fetch(ref: ArtefactRef) -> bytes:
        try:
            return artefacts.read(ref)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"the model's files cannot be read: {type(error).__name__}") from error

    def knows_project(tenant: str, project: str) -> bool:
        return platform.get(keys.project(tenant=tenant, project=project)) is not None

    disk = DiskCache(fetch, Path(tempfile.gettempdir()) / "sluice-models", settings.disk)
    ledger = Items(clients.hurried_dynamodb(), settings.ledger_table)
    return Serving(
        endpoints=EndpointCache(EndpointStore(platform).get),
        source=ModelSource(ModelCache(disk.read, settings.model_memory)),
        ledger=Ledger(
            ledger,
            artefacts,
            retention_days=settings.retention_days,
            entity_keys=EntityKeys(ledger, SecretStore(platform)),
        ),
        knows_project=knows_project,
        clock=system_clock,
    )
