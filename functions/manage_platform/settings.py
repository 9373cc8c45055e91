"""What this room reads from its environment, once: everything is named by sluice.stores.deployment."""

from __future__ import annotations

import os
from functools import cache

from functions.manage_platform.platform import Platform


@cache
def platform() -> Platform:
    return Platform(dict(os.environ))
