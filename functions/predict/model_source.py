"""From a variant to its loaded model; a damaged one is refused while the one before it goes on serving."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluice.domain.errors import IntegrityError, Invalid, NotFound, Unavailable
from sluice.web.observability import LogKey, logger

if TYPE_CHECKING:
    from sluice.domain.endpoints import Endpoint, Variant
    from sluice.scoring.model import LoadedModel
    from sluice.scoring.sessions import ModelCache


@dataclass(frozen=True, slots=True)
class Served:
    """The variant that really answers, and its model."""

    variant: Variant
    model: LoadedModel


@dataclass(frozen=True)
class ModelSource:
    """Remembers by endpoint which variant served last; its model is the cache's to keep or to drop."""

    models: ModelCache
    last: dict[tuple[str, str, str], Variant] = field(default_factory=dict)

    def load(self, variant: Variant) -> Served:
        """The variant's model. IntegrityError when its files are not what was promoted or cannot be
        loaded, Unavailable when they cannot be read for now.
        """
        try:
            model = self.models.get(
                variant.model_digest, variant.artefacts["model"], variant.artefacts["manifest"]
            )
        except (Invalid, NotFound) as error:
            raise IntegrityError(
                f"model version {variant.model_version} cannot be loaded: {error}"
            ) from error
        return Served(variant, model)

    def load_or_last(self, tenant: str, endpoint: Endpoint, variant: Variant) -> Served:
        """The variant's model, or the last good one of this endpoint where that fails, with an alarm."""
        key = (tenant, endpoint.project, endpoint.environment)
        try:
            served = self.load(variant)
        except (IntegrityError, Unavailable) as error:
            last = self.last.get(key)
            logger().error(
                LogKey.ARTEFACT_REFUSED,
                extra={
                    "project": endpoint.project,
                    "environment": endpoint.environment,
                    "model_version": variant.model_version,
                    "reason": str(error),
                    "serving": last.model_version if last else None,
                },
            )
            if last is None or last == variant:
                raise
            return self.load(last)
        self.last[key] = variant
        return served
