"""What this deployment gave a function: its tables, buckets and workflows, built when first used."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TypeVar

from sluice.domain.artefacts import BucketRole
from sluice.stores import clients
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.audit import AuditStore
from sluice.stores.batches import BatchStore
from sluice.stores.callback_secrets import CallbackSecrets
from sluice.stores.drift_reports import DriftReportStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.entity_keys import EntityKeys
from sluice.stores.events import EventBus
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from sluice.stores.lineage import LineageStore
from sluice.stores.models import ModelStore
from sluice.stores.monitoring import MonitoringStore
from sluice.stores.projects import ProjectStore
from sluice.stores.promotions import PromotionStore
from sluice.stores.secrets import SecretStore
from sluice.stores.tenants import TenantStore
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.stores.tracking.store import Tracking, open_tracking
from sluice.stores.trainings import TrainingStore
from sluice.stores.uploads import UploadStore
from sluice.stores.workflows import Workflow

Store = TypeVar("Store")

_BUCKETS: Mapping[BucketRole, str] = {
    "data": "DATA_BUCKET",
    "artifacts": "ARTIFACTS_BUCKET",
    "archive": "ARCHIVE_BUCKET",
    "audit": "AUDIT_BUCKET",
}


class SettingMissingError(RuntimeError):
    """A function uses what its template did not grant."""


def in_platform(store: Callable[[Items], Store]) -> cached_property[Store]:
    """A store over the platform table, built when first used."""
    return cached_property(lambda deployment: store(deployment.platform))


def workflow(variable: str) -> cached_property[Workflow]:
    return cached_property(lambda deployment: Workflow(clients.states(), deployment.setting(variable)))


@dataclass(frozen=True)
class Deployment:
    """Reads `environment` only for what is used, and names a variable that is missing."""

    environment: Mapping[str, str] = field(repr=False)

    secrets = in_platform(SecretStore)
    tenants = in_platform(TenantStore)
    projects = in_platform(ProjectStore)
    uploads = in_platform(UploadStore)
    trainings = in_platform(TrainingStore)
    models = in_platform(ModelStore)
    promotions = in_platform(PromotionStore)
    batches = in_platform(BatchStore)
    endpoints = in_platform(EndpointStore)
    drift_reports = in_platform(DriftReportStore)
    lineage = in_platform(LineageStore)
    counts = in_platform(MonitoringStore)
    training_workflow = workflow("TRAINING_STATE_MACHINE_ARN")
    promotion_workflow = workflow("PROMOTION_STATE_MACHINE_ARN")
    batch_workflow = workflow("BATCH_STATE_MACHINE_ARN")

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
    def callback_secrets(self) -> CallbackSecrets:
        return CallbackSecrets(self.platform, self.secrets)

    @cached_property
    def entity_keys(self) -> EntityKeys:
        return EntityKeys(self.ledger, self.secrets)

    @cached_property
    def predictions(self) -> Ledger:
        return Ledger(self.ledger, self.artefacts, entity_keys=self.entity_keys)

    @cached_property
    def artefacts(self) -> ArtefactStore:
        """Knows the buckets that were granted, and no others."""
        granted = {
            role: self.environment[name] for role, name in _BUCKETS.items() if name in self.environment
        }
        return ArtefactStore(clients.s3(), granted)

    @cached_property
    def audit(self) -> AuditStore:
        return AuditStore(self._items("AUDIT_TABLE"))

    @cached_property
    def events(self) -> EventBus:
        return EventBus(clients.events(), self.setting("EVENT_BUS_NAME"))

    def _items(self, variable: str) -> Items:
        return Items(clients.dynamodb(), self.setting(variable))


@cache
def deployment() -> Deployment:
    """The deployment that this function's environment describes; a room that needs more subclasses it."""
    return Deployment(os.environ)
