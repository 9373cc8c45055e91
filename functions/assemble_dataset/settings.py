"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from functools import cache, cached_property

from sluice.stores.deployment import Deployment
from sluice.stores.drift_reports import DriftReportStore


class Assembly(Deployment):
    """The deployment's stores, and those that only this room needs."""

    @cached_property
    def reports(self) -> DriftReportStore:
        return DriftReportStore(self.platform)


@cache
def assembly() -> Assembly:
    return Assembly(os.environ)
