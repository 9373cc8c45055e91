"""Somebody else's code in a process of its own: files in, files out, nothing else.

The child gets a scrubbed environment, its own session, resource limits and a working folder; it
confines itself further (see `confinement`) before it imports what it was started for. Whatever it
started is gone when `run_isolated` returns.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from sluice.isolation.confinement import EXIT_FAULT, EXIT_MEMORY, adopting_orphans, hide_process
from sluice.isolation.surroundings import child_user, environment, import_path, readable_paths

_CHILD = Path(__file__).with_name("child.py")
JOB, CONFINEMENT = "job.json", "confinement.json"
_CHUNK = 4096


class IsolationFaultError(RuntimeError):
    """The platform's own part of a child failed; nothing is known of the code it was started for."""


Status = Literal["finished", "timeout", "crashed", "out_of_memory"]


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of wall time, `memory` and `file` in bytes, `log` in characters of output kept (its end)."""

    seconds: float
    memory: int = 3 << 30
    file: int = 512 << 20
    log: int = 60_000


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How the child ended; `exit_code` is negative for a signal; `log` is the end of its output.
    `confinement`: what the system let it give up.
    """

    status: Status
    exit_code: int
    log: str
    seconds: float
    confinement: tuple[str, ...] = ()


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for one child that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sluice-isolated-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def run_isolated(target: str, folder: Path, job: Mapping[str, object], limits: Limits) -> ChildResult:
    """Call `module:function` with `folder` in a child process; `job` is there for it as job.json.

    IsolationFaultError when the target itself fails: what it runs may do so, and is reported by it.
    """
    hide_process()
    confinement = {
        "target": target,
        "sys_path": import_path(),
        "readable": readable_paths(),
        "limits": {"seconds": limits.seconds, "memory": limits.memory, "file": limits.file},
        "user": child_user(folder),
    }
    (folder / JOB).write_text(json.dumps({"job": job, "confinement": confinement}))
    _hand_over(folder, confinement["user"])
    started = time.monotonic()
    with adopting_orphans():
        code, timed_out, log = _run(folder, limits)
    if code == EXIT_FAULT:
        raise IsolationFaultError(log[-2_000:])
    result = _result(code, timed_out, log, time.monotonic() - started)
    return replace(result, confinement=_steps(read_output(folder, CONFINEMENT, _CHUNK)))


def _run(folder: Path, limits: Limits) -> tuple[int, bool, str]:
    """Exit code, whether the time was up, and the end of the output; nothing is left running."""
    before = _children()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
        [sys.executable, "-P", "-s", "-B", str(_CHILD), str(folder)],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        close_fds=True,
    )
    tail = _Tail(process.stdout, limits.log)
    try:
        timed_out = _wait(process, limits.seconds)
    finally:
        _end_everything(process, before)
    return process.returncode, timed_out, tail.text()


def read_output(folder: Path, name: str, limit: int) -> bytes | None:
    """A file the child left, at most `limit` bytes; None when it is no regular file of that size."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_size <= limit):
            return None
        return stream.read(limit)


class _Tail:
    """The last characters of a stream, read by a thread so that the child never blocks on a full pipe."""

    def __init__(self, stream: IO[bytes] | None, limit: int) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque(maxlen=max(2, limit // _CHUNK + 2))
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes] | None) -> None:
        with contextlib.suppress(OSError, ValueError):
            while stream and (chunk := os.read(stream.fileno(), _CHUNK)):
                self._append(chunk)
        if stream:
            stream.close()

    def _append(self, chunk: bytes) -> None:
        if self._chunks and len(self._chunks[-1]) + len(chunk) <= _CHUNK:
            chunk = self._chunks.pop() + chunk
        self._chunks.append(chunk)

    def text(self) -> str:
        self._thread.join(timeout=2)
        return b"".join(tuple(self._chunks)).decode(errors="replace")[-self._limit :]


def _steps(content: bytes | None) -> tuple[str, ...]:
    try:
        return tuple(str(step)[:20] for step in json.loads(content or b"[]"))
    except (ValueError, TypeError):
        return ()


def _hand_over(folder: Path, user: object) -> None:
    if isinstance(user, int):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end_everything(process: subprocess.Popen[bytes], before: set[int]) -> None:
    """Kill the child's group, then what left the group: orphans are ours by `adopt_orphans`."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(100):
        strays = _children() - before - {process.pid}
        if not strays:
            return
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, ChildProcessError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _children() -> set[int]:
    """Direct children of this process (empty where there is no /proc)."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                found.add(int(status.parent.name))
    return found


def _result(code: int, timed_out: bool, log: str, seconds: float) -> ChildResult:
    if timed_out:
        return ChildResult("timeout", code, log, seconds)
    if code in {EXIT_MEMORY, -signal.SIGKILL}:
        return ChildResult("out_of_memory", code, log, seconds)
    return ChildResult("finished" if code == 0 else "crashed", code, log, seconds)
