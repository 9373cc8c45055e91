"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from functools import cache, cached_property

from sluice.stores.baselines import BaselineStore
from sluice.stores.deployment import Deployment
from sluice.stores.ledger import Ledger
from sluice.stores.monitoring import MonitoringStore


class Archive(Deployment):
    """The deployment's stores, and those that only this room needs."""

    @cached_property
    def predictions(self) -> Ledger:
        return Ledger(self.ledger, self.artefacts, entity_keys=self.entity_keys)

    @cached_property
    def baselines(self) -> BaselineStore:
        return BaselineStore(self.models, self.artefacts)

    @cached_property
    def monitoring(self) -> MonitoringStore:
        return MonitoringStore(self.platform)


@cache
def archive() -> Archive:
    return Archive(os.environ)
