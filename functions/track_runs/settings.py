"""What this room reads from its environment, once, and what it builds from it when first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sluice.stores import clients
from sluice.stores.tracking import Tracking, open_tracking
from sluice.stores.tracking.artifacts import ArtifactFiles
from sluice.stores.tracking.snapshots import Snapshots

if TYPE_CHECKING:
    from sluice.stores.deployment import Deployment

_NEEDED = ("TRACKING_TABLE", "ARTIFACTS_BUCKET")


class SettingMissingError(RuntimeError):
    """The function's template did not name what it needs."""


@dataclass(frozen=True)
class Settings:
    """`direct`: clients write artifacts to S3 themselves, with credentials of their own."""

    table: str
    bucket: str
    direct: bool = False


def read_settings(environment: Mapping[str, str]) -> Settings:
    for name in _NEEDED:
        if not environment.get(name):
            raise SettingMissingError(f"the environment variable {name} is not set for this function")
    return Settings(
        table=environment["TRACKING_TABLE"],
        bucket=environment["ARTIFACTS_BUCKET"],
        direct=environment.get("ARTIFACT_ROOT_MODE") == "direct",
    )


@cache
def settings() -> Settings:
    return read_settings(os.environ)


@cache
def tracking() -> Tracking:
    """The store, with everything a warm function has read."""
    chosen = settings()
    root = f"s3://{chosen.bucket}/{{tenant}}/" if chosen.direct else "mlflow-artifacts:/"
    return open_tracking(
        clients.light_dynamodb(),
        chosen.table,
        artifact_root=root,
        snapshots=lambda table: Snapshots(table, clients.s3, chosen.bucket),
    )


@cache
def files() -> ArtifactFiles:
    return ArtifactFiles(clients.s3(), clients.presigning_s3(), settings().bucket)


@cache
def platform() -> Deployment:
    """Projects and events."""
    from sluice.stores.deployment import deployment  # noqa: PLC0415 - only a registration needs it

    return deployment()
