"""SnapStart: a function that begins from a snapshot must not go on with what was true when it was taken."""

from __future__ import annotations

import os
import random
from importlib import import_module
from typing import TYPE_CHECKING

from sluice.stores import clients

if TYPE_CHECKING:
    from collections.abc import Callable


def prepare_for_snapshots(warm: Callable[[], object], reset: Callable[[], object]) -> None:
    """Before a snapshot: `warm`, which is then in it. After each restore: connections are new, random numbers
    differ from those of every other restore, and `reset`. Nothing unless the function uses SnapStart.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    hooks = import_module("snapshot_restore_py")  # in Lambda's own runtime, and nowhere else
    hooks.register_before_snapshot(warm)
    hooks.register_after_restore(_begin_anew, reset)


def _begin_anew(reset: Callable[[], object]) -> None:
    """Ids and secrets come from the system, which reseeds itself; retries are spread by `random`."""
    random.seed()
    clients.reconnect()
    reset()
