"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from functools import cache, cached_property

from sluice.stores.baselines import BaselineStore
from sluice.stores.deployment import Deployment


class Monitoring(Deployment):
    """The deployment's stores, and those that only this room needs."""

    @cached_property
    def baselines(self) -> BaselineStore:
        return BaselineStore(self.models, self.artefacts)


@cache
def monitoring() -> Monitoring:
    return Monitoring(os.environ)
