"""The embedded AWS's own process: ministack, with what it lacks for keeping state.

Run by sluice.local.emulator. All it is told, it is told by environment variables.
"""

import asyncio
import fcntl
import os
import signal
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulator

from sluice.local.server.mends import mend
from sluice.local.server.snapshots import Snapshots


async def run() -> None:
    """Serve until a signal, then write the state and say that this end was a clean one."""
    note, interval = Path(os.environ["SLUICE_SNAPSHOT_NOTE"]), float(os.environ["SLUICE_SNAPSHOT_SECONDS"])
    snapshots = Snapshots(note, interval)
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    keeper = asyncio.create_task(snapshots.keep())
    await serve(snapshots.watch(emulator.app), config, shutdown_trigger=stop.wait)
    keeper.cancel()
    snapshots.note(clean=True)


def main() -> None:
    # Functions inherit this environment: what they import is their asset and their layers.
    os.environ.pop("PYTHONPATH", None)
    with Path(os.environ["SLUICE_LOCK"]).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mend()
        asyncio.run(run())


if __name__ == "__main__":
    main()
