"""What the two isolated functions read from their environment, once: the same few things."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from sluice.stores import clients
from sluice.stores.deployment import Deployment
from sluice.stores.isolated_files import IsolatedFiles, open_isolated_files
from sluice.workflows.training_stage import StageInput


@dataclass(frozen=True)
class Settings:
    """`memory_mb` is the function's whole memory."""

    role_arn: str
    bucket: str
    memory_mb: int

    def files(self, given: StageInput) -> IsolatedFiles:
        return open_isolated_files(
            clients.sts(),
            role_arn=self.role_arn,
            bucket=self.bucket,
            tenant=given.tenant,
            project=given.project,
            training_id=given.training_id,
        )


@cache
def settings() -> Settings:
    deployment = Deployment(os.environ)
    return Settings(
        role_arn=deployment.setting("TRAINING_DATA_ROLE_ARN"),
        bucket=deployment.setting("DATA_BUCKET"),
        memory_mb=int(deployment.setting("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")),
    )
