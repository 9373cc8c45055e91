"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from functools import cache

from sluice.stores import clients
from sluice.stores.tracking import Tracking, open_tracking
from sluice.stores.tracking.snapshots import Snapshots


@cache
def tracking() -> Tracking:
    return open_tracking(clients.light_dynamodb(), os.environ["TRACKING_TABLE"])


@cache
def snapshots() -> Snapshots:
    return Snapshots(tracking().table, clients.s3, os.environ["ARTIFACTS_BUCKET"])
