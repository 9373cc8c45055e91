"""One process at a time: what several starting stacks share is made once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sluice.local.profile import STATE


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Wait until no other process or thread does `what`; the lock goes with the process."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
