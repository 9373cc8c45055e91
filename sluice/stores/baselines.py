"""Baselines of model versions, read once for as long as the function lives: a version never changes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache, cached_property

from sluice.domain.baseline import Baseline
from sluice.domain.errors import NotFound
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.deployment import Deployment
from sluice.stores.models import ModelStore

_REMEMBERED = 256


@dataclass(frozen=True)
class BaselineStore:
    models: ModelStore
    artefacts: ArtefactStore
    remembered: dict[tuple[str, str, int], Baseline] = field(default_factory=dict)

    def find(self, tenant: str, project: str, version: int) -> Baseline | None:
        """None for a version that has none: it can be served and not be monitored."""
        place = (tenant, project, version)
        if place not in self.remembered:
            try:
                ref = self.models.get(tenant, project, version).artefacts.get("baseline")
            except NotFound:
                return None
            if ref is None:
                return None
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.pop(next(iter(self.remembered)))
            self.remembered[place] = Baseline.from_json(self.artefacts.read(ref))
        return self.remembered[place]


class Watched(Deployment):
    """The deployment's stores and its baselines, which bring numpy."""

    @cached_property
    def baselines(self) -> BaselineStore:
        return BaselineStore(self.models, self.artefacts)


@cache
def watched() -> Watched:
    return Watched(os.environ)
