"""The embedded AWS's own process: ministack, with what it lacks for keeping state.

Run as a file, by an interpreter that has the standard library and ministack only. All it is told, it is told
by environment variables (see sluice.local.emulator).
"""

import asyncio
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulator
from ministack.core import persistence
from ministack.services import lambda_svc, stepfunctions

if TYPE_CHECKING:
    from hypercorn.typing import (
        ASGIFramework,
        ASGIReceiveCallable,
        ASGISendCallable,
        HTTPScope,
        Scope,
    )

# A request here writes the state at once.
SNAPSHOT_PATH = "/_sluice/snapshot"
# Calls that change nothing, by the name in X-Amz-Target.
READS = ("Get", "BatchGet", "Query", "Scan", "Describe", "List", "Receive", "TransactGet")


class Snapshots:
    """Writes the emulator's state every `interval` seconds when something changed, and notes when it did.

    Everything runs on the event loop's thread: no request is answered while the state is read, so that what
    is written is one moment's. Files are replaced one by one, each whole.
    """

    def __init__(self, note: Path, interval: float) -> None:
        self._note, self._interval = note, interval
        self._changed, self._last = False, time.monotonic()

    def watch(self, inner: "ASGIFramework") -> "ASGIFramework":
        """The application, with its writes noted and the request for a snapshot answered."""

        async def watched(scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
            if scope["type"] == "http" and scope["path"] == SNAPSHOT_PATH:
                self.write()
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            if scope["type"] == "http" and _changes(scope):
                self._changed = True
            await inner(scope, receive, send)

        return watched

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self._changed and time.monotonic() - self._last >= self._interval:
                self.write()

    def write(self) -> None:
        started, self._changed = time.monotonic(), False
        states = emulator._build_persistence_save_dict()
        # Log events are many and nobody restarts for them: they are kept by a clean end only.
        persistence.save_all({name: get for name, get in states.items() if name != "cloudwatch_logs"})
        self._last = time.monotonic()
        self.note(clean=False, seconds=self._last - started)

    def note(self, *, clean: bool, seconds: float = 0.0) -> None:
        written = {"at": time.time(), "clean": clean, "seconds": round(seconds, 3)}
        scratch = self._note.with_suffix(".tmp")
        scratch.write_text(json.dumps(written) + "\n")
        scratch.replace(self._note)


def _changes(scope: "HTTPScope") -> bool:
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return False
    targets = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-amz-target"]
    return not (targets and targets[0].rpartition(".")[2].startswith(READS))


def save_quickly(service: str, data: dict[str, Any]) -> None:
    """Save as ministack does, by the fast encoder: json.dump is pure Python and blocks five times as long."""
    path = Path(persistence.STATE_DIR) / f"{service}.json"
    version = persistence._state_format_version(service)
    text = json.dumps({"__ministack_format__": version, "payload": data}, default=persistence._json_default)
    scratch = path.with_suffix(".tmp")
    scratch.write_text(text)
    scratch.replace(path)


def forget_stream_positions() -> None:
    """After a restart a table's stream is empty: a position in the old one would hide the first records."""
    lambda_svc._dynamodb_stream_positions._data.clear()


def resolve_timeout_path(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Make a task honour TimeoutSecondsPath, which ministack reads only as a number in TimeoutSeconds."""

    def execute_task(state: dict[str, Any], raw_input: Any, execution: Any, context: Any) -> Any:
        if "TimeoutSecondsPath" in state:
            seconds = raw_input
            for step in state["TimeoutSecondsPath"].removeprefix("$.").split("."):
                seconds = seconds[step]
            state = {**state, "TimeoutSeconds": int(seconds)}
        return execute(state, raw_input, execution, context)

    return execute_task


def mend() -> None:
    """Put our replacements in place. Each is held by a test through the running emulator."""
    # The platform has a /health of its own; the emulator's stays at /_ministack/health.
    emulator._HEALTH_PATHS = ("/_ministack/health",)
    persistence.save_state = save_quickly
    stepfunctions._execute_task = resolve_timeout_path(stepfunctions._execute_task)
    load = emulator._load_persisted_state

    def load_and_forget() -> None:
        load()
        forget_stream_positions()

    emulator._load_persisted_state = load_and_forget


async def run() -> None:
    port = os.environ["GATEWAY_PORT"]
    snapshots = Snapshots(
        Path(os.environ["SLUICE_SNAPSHOT_NOTE"]), float(os.environ["SLUICE_SNAPSHOT_SECONDS"])
    )
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
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
    with Path(os.environ["SLUICE_LOCK"]).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mend()
        asyncio.run(run())


if __name__ == "__main__":
    main()
