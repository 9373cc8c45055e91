"""What this room works with: the deployment's stores, the models it has loaded, and files in S3."""

from __future__ import annotations

import os
from functools import cache, cached_property

from sluice.domain.batch import Batch
from sluice.domain.errors import IntegrityError
from sluice.scoring.model import LoadedModel
from sluice.scoring.sessions import ModelCache
from sluice.stores.baselines import Watched

_MEGABYTE = 1 << 20


class Room(Watched):
    @cached_property
    def models_loaded(self) -> ModelCache:
        memory = int(self.environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"))
        return ModelCache(self.artefacts.read, memory * _MEGABYTE // 3)

    def model(self, batch: Batch) -> LoadedModel:
        """The model that was fixed when the batch began."""
        if batch.model is None:
            raise IntegrityError(f"batch {batch.batch_id} runs without a model")
        artefacts = batch.model.artefacts
        return self.models_loaded.get(batch.model.digest, artefacts["model"], artefacts["manifest"])


@cache
def room() -> Room:
    return Room(os.environ)
