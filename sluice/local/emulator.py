"""Starting, stopping and finding the embedded AWS of a profile."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from sluice.local.profile import ACCOUNT, REGION, ROOT, STATE, Profile

START_SECONDS = 60
STOP_SECONDS = 90
SNAPSHOT_SECONDS = 30
# Nothing else of a person's environment reaches the emulator and its functions: no credentials, no proxies.
PASSED_ON = ("PATH", "LANG", "LC_ALL")
LOG_BYTES = 20_000_000


# Started by this process: held, so that each is collected when it ends.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


# Never through a proxy: it is on this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EmulatorError(Exception):
    """The embedded AWS could not be started or stopped; the message says where to look."""


@dataclass(frozen=True)
class Running:
    """A process that answers: its id, and the port of every service."""

    pid: int
    port: int

    @property
    def endpoint(self) -> str:
        """For AWS clients. The name matters: by `127.0.0.1` the same port is the platform's API."""
        return f"http://localhost:{self.port}"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def find_running(profile: Profile) -> Running | None:
    """The profile's process when it answers, else None; EmulatorError when it lives and does not answer."""
    running = _recorded(profile)
    deadline = time.monotonic() + START_SECONDS
    while running and _lives(profile):  # one that was just killed lives on for a moment
        if _asks(running, f"/_sluice/process/{running.pid}", 5):
            return running
        if time.monotonic() > deadline:
            raise EmulatorError(
                f"process {running.pid} does not answer on port {running.port}: see {profile.log}"
            )
        time.sleep(0.1)
    return None


def ended_badly(profile: Profile) -> bool:
    """Whether the last process died without its last words: what it had not written is lost."""
    return _recorded(profile) is not None and not _lives(profile)


def start(profile: Profile, port: int, interpreter: Path) -> Running:
    """Start the emulator; returns when it answers, EmulatorError with the end of its log when it does not."""
    drop(profile.scratch)
    for folder in (profile.folder, profile.state, profile.objects, profile.scratch):
        folder.mkdir(parents=True, exist_ok=True)
    if profile.log.exists() and profile.log.stat().st_size > LOG_BYTES:
        profile.log.replace(profile.log.with_suffix(".log.1"))
    with profile.log.open("ab") as log:
        process = subprocess.Popen(
            [str(interpreter), "-m", "sluice.local.server.launch"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(profile, port),
            cwd=profile.scratch,
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    running = Running(process.pid, port)
    profile.process.write_text(json.dumps({"pid": process.pid, "port": port}) + "\n")
    deadline = time.monotonic() + START_SECONDS
    while not _asks(running, f"/_sluice/process/{running.pid}", 2):
        if process.poll() is not None or time.monotonic() > deadline:
            profile.process.unlink(missing_ok=True)
            if process.poll() is None:
                process.kill()
            raise EmulatorError(f"the embedded AWS did not start; its log ends with:\n{_tail(profile.log)}")
        time.sleep(0.1)
    return running


def drop(folder: Path) -> None:
    """Remove a folder, if it is there, into which a worker that has not noticed its end may still write.

    It is moved first: what is written by its old name finds nothing, a new folder of that name stays clean.
    """
    for leftover in STATE.glob("dropped-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if folder.exists():
        gone = STATE / f"dropped-{time.time_ns()}"
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def write_snapshot(running: Running) -> None:
    """Have the state written now, not at the next interval."""
    if not _asks(running, "/_sluice/snapshot", START_SECONDS):
        raise EmulatorError(f"the state could not be written: see the log of port {running.port}")


def stop(profile: Profile) -> bool:
    """End the profile's process cleanly, its state written; False when none ran, EmulatorError when it does
    not end in time.
    """
    running = _living(profile)
    if running is not None:
        os.kill(running.pid, signal.SIGTERM)
        if not _ends(profile, STOP_SECONDS):
            raise EmulatorError(
                f"process {running.pid} did not end within {STOP_SECONDS} s: see {profile.log}"
            )
    _forget(profile)
    return running is not None


def kill(profile: Profile) -> None:
    """End the profile's process, if there is one, and its functions at once: nothing is written."""
    running = _living(profile)
    if running is not None:
        os.killpg(running.pid, signal.SIGKILL)
        _ends(profile, STOP_SECONDS)
    _forget(profile)


def _forget(profile: Profile) -> None:
    recorded = _recorded(profile)
    if recorded is not None and (child := _CHILDREN.pop(recorded.pid, None)):
        child.wait()
    profile.process.unlink(missing_ok=True)


def _ends(profile: Profile, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _lives(profile):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _environment(profile: Profile, port: int) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    endpoint = Running(0, port)
    return {
        **inherited,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Functions inherit these: by 127.0.0.1 they would reach the API instead of AWS.
        "AWS_ENDPOINT_URL": endpoint.endpoint,
        "PUBLIC_ORIGIN": endpoint.api_url,
        "S3_PUBLIC_ENDPOINT": endpoint.endpoint,
        # Receivers of callbacks that are being written: nowhere else may a machine call itself.
        "CALLBACK_HOSTS": "localhost:*,127.0.0.1:*",
        "CALLBACK_LOOPBACK": "true",
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(profile.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(profile.objects),
        "HOME": str(profile.scratch),
        "TMPDIR": str(profile.scratch),
        "LOG_LEVEL": "INFO",
        "SLUICE_LOCK": str(profile.lock),
        "SLUICE_SNAPSHOT_NOTE": str(profile.snapshot),
        "SLUICE_SNAPSHOT_SECONDS": str(SNAPSHOT_SECONDS),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def _recorded(profile: Profile) -> Running | None:
    if not profile.process.exists():
        return None
    recorded = json.loads(profile.process.read_text())
    return Running(int(recorded["pid"]), int(recorded["port"]))


def _living(profile: Profile) -> Running | None:
    recorded = _recorded(profile)
    return recorded if _lives(profile) else None


def _lives(profile: Profile) -> bool:
    """Whether a process holds the profile's lock: it lets go only by ending. An id may be reused."""
    if not profile.lock.exists():
        return False
    with profile.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _asks(running: Running, path: str, seconds: float) -> bool:
    """Whether the emulator answers `path` with success within the time."""
    try:
        with _DIRECT.open(f"{running.api_url}{path}", timeout=seconds):
            return True
    except OSError:
        return False


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
