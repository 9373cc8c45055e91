"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from functools import cache

from sluice.stores.deployment import Deployment


@cache
def deployment() -> Deployment:
    return Deployment(os.environ)
