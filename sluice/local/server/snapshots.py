"""Keeping the emulator's state on disk, so that little is lost when its process is killed."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack import app as emulator
from ministack.core import persistence

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
# Answered by the process of this id only: another emulator may have the port.
PROCESS_PATH = f"/_sluice/process/{os.getpid()}"
# Calls that change nothing, by the name in X-Amz-Target.
READS = ("Get", "BatchGet", "Query", "Scan", "Describe", "List", "Receive", "TransactGet")
# Log events are many and nobody restarts for them: a clean end keeps them, a snapshot does not.
LEFT_OUT = ("cloudwatch_logs",)


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
            if scope["type"] == "http" and scope["path"] in (SNAPSHOT_PATH, PROCESS_PATH):
                if scope["path"] == SNAPSHOT_PATH:
                    self.write()
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            if scope["type"] == "http" and _changes(scope):
                self._changed = True
            await inner(scope, receive, send)

        return watched

    async def keep(self) -> None:
        """Look every second whether a snapshot is due, for as long as the task lives."""
        while True:
            await asyncio.sleep(1)
            if self._changed and time.monotonic() - self._last >= self._interval:
                self.write()

    def write(self) -> None:
        started, self._changed = time.monotonic(), False
        states = emulator._build_persistence_save_dict()
        persistence.save_all({name: get for name, get in states.items() if name not in LEFT_OUT})
        self._last = time.monotonic()
        self.note(clean=False, seconds=self._last - started)

    def note(self, *, clean: bool, seconds: float = 0.0) -> None:
        """Say when the state was written; `clean` when nothing came after it."""
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
