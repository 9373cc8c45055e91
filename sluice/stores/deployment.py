"""What this deployment gave a function: its tables, buckets and workflows, built when first used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from sluice.domain.artefacts import BucketRole
from sluice.stores import clients
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.audit import AuditStore
from sluice.stores.batches import BatchStore
from sluice.stores.drift_reports import DriftReportStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.entity_keys import EntityKeys
from sluice.stores.events import EventBus
from sluice.stores.items import Items
from sluice.stores.lineage import LineageStore
from sluice.stores.models import ModelStore
from sluice.stores.projects import ProjectStore
from sluice.stores.promotions import PromotionStore
from sluice.stores.secrets import SecretStore
from sluice.stores.tenants import TenantStore
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.stores.tracking.store import Tracking, open_tracking
from sluice.stores.trainings import TrainingStore
from sluice.stores.uploads import UploadStore
from sluice.stores.workflows import Workflow

_BUCKETS: Mapping[BucketRole, str] = {
    "data": "DATA_BUCKET",
    "artifacts": "ARTIFACTS_BUCKET",
    "archive": "ARCHIVE_BUCKET",
    "audit": "AUDIT_BUCKET",
}


class SettingMissingError(RuntimeError):
    """A function uses what its template did not grant."""


@dataclass(frozen=True)
class Deployment:
    """Reads `environment` only for what is used, and names a variable that is missing."""

    environment: Mapping[str, str] = field(repr=False)

    def setting(self, name: str) -> str:
        value = self.environment.get(name)
        if not value:
            raise SettingMissingError(f"the environment variable {name} is not set for this function")
        return value

    @cached_property
    def platform(self) -> Items:
        return self._items("PLATFORM_TABLE")

    @cached_property
    def tracking(self) -> Tracking:
        return open_tracking(clients.dynamodb(), self.setting("TRACKING_TABLE"))

    @property
    def retention_days(self) -> float:
        """How long tracking keeps what was deleted."""
        return float(self.setting("TRACKING_RETENTION_DAYS"))

    @cached_property
    def artifact_files(self) -> ArtifactFiles:
        return ArtifactFiles(clients.s3(), clients.s3(), self.setting("ARTIFACTS_BUCKET"))

    @cached_property
    def ledger(self) -> Items:
        return self._items("LEDGER_TABLE")

    @cached_property
    def secrets(self) -> SecretStore:
        return SecretStore(self.platform)

    @cached_property
    def entity_keys(self) -> EntityKeys:
        return EntityKeys(self.ledger, self.secrets)

    @cached_property
    def artefacts(self) -> ArtefactStore:
        """Knows the buckets that were granted, and no others."""
        granted = {
            role: self.environment[name] for role, name in _BUCKETS.items() if name in self.environment
        }
        return ArtefactStore(clients.s3(), granted)

    @cached_property
    def tenants(self) -> TenantStore:
        return TenantStore(self.platform)

    @cached_property
    def projects(self) -> ProjectStore:
        return ProjectStore(self.platform)

    @cached_property
    def uploads(self) -> UploadStore:
        return UploadStore(self.platform)

    @cached_property
    def trainings(self) -> TrainingStore:
        return TrainingStore(self.platform)

    @cached_property
    def models(self) -> ModelStore:
        return ModelStore(self.platform)

    @cached_property
    def promotions(self) -> PromotionStore:
        return PromotionStore(self.platform)

    @cached_property
    def batches(self) -> BatchStore:
        return BatchStore(self.platform)

    @cached_property
    def endpoints(self) -> EndpointStore:
        return EndpointStore(self.platform)

    @cached_property
    def drift_reports(self) -> DriftReportStore:
        return DriftReportStore(self.platform)

    @cached_property
    def lineage(self) -> LineageStore:
        return LineageStore(self.platform)

    @cached_property
    def audit(self) -> AuditStore:
        return AuditStore(self._items("AUDIT_TABLE"))

    @cached_property
    def events(self) -> EventBus:
        return EventBus(clients.events(), self.setting("EVENT_BUS_NAME"))

    @cached_property
    def training_workflow(self) -> Workflow:
        return Workflow(clients.states(), self.setting("TRAINING_STATE_MACHINE_ARN"))

    @cached_property
    def promotion_workflow(self) -> Workflow:
        return Workflow(clients.states(), self.setting("PROMOTION_STATE_MACHINE_ARN"))

    @cached_property
    def batch_workflow(self) -> Workflow:
        return Workflow(clients.states(), self.setting("BATCH_STATE_MACHINE_ARN"))

    def _items(self, variable: str) -> Items:
        return Items(clients.dynamodb(), self.setting(variable))


@cache
def deployment() -> Deployment:
    """The deployment that this function's environment describes; a room that needs more subclasses it."""
    return Deployment(os.environ)
