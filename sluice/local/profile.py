"""Where an embedded AWS keeps its things: one folder for each profile, on this machine only."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".sluice"
REGION = "us-east-1"
# To the emulator, an access key that is an account's number is that account's root. This is AWS's example.
ACCOUNT = "111122223333"
STAGE = "dev"
# Where the search for a free port begins, so that the usual profiles keep recognisable addresses.
FIRST_PORTS = {"default": 4566, "demo": 4666}
OTHER_PORTS = 4700


@dataclass(frozen=True)
class Profile:
    """One embedded AWS: its name, its folder and the paths in it."""

    name: str
    folder: Path

    @property
    def state(self) -> Path:
        """Snapshots of everything but objects."""
        return self.folder / "state"

    @property
    def objects(self) -> Path:
        """S3's objects, written through at once."""
        return self.folder / "objects"

    @property
    def scratch(self) -> Path:
        """Temporary files of the emulator and of its workers, emptied at each start."""
        return self.folder / "tmp"

    @property
    def log(self) -> Path:
        return self.folder / "emulator.log"

    @property
    def lock(self) -> Path:
        """Held by the running emulator for as long as it lives."""
        return self.folder / "lock"

    @property
    def process(self) -> Path:
        """What runs: process id and port; gone after a clean end."""
        return self.folder / "process.json"

    @property
    def snapshot(self) -> Path:
        """When the state was last written, and whether everything was in it."""
        return self.folder / "snapshot.json"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens.json"

    @property
    def status(self) -> Path:
        """Addresses and tokens for clients, while the stack runs."""
        return self.folder / "status.json"

    @property
    def settings(self) -> Path:
        """What stays from one start to the next: the port."""
        return self.folder / "profile.json"


def profile_named(name: str, state: Path = STATE) -> Profile:
    """The profile of this name, started or not; ValueError for a name that is no folder name."""
    if not name.replace("-", "").isalnum():
        raise ValueError(f"a profile's name has letters, digits and hyphens only, not {name!r}")
    return Profile(name, state / "profiles" / name)


def choose_port(profile: Profile, wanted: int | None, free: Callable[[int], bool]) -> int:
    """The wanted port, else the profile's last one, else the first free one from the usual start."""
    if wanted:
        return wanted
    if profile.settings.exists():
        last = int(json.loads(profile.settings.read_text())["port"])
        if free(last):
            return last
    first = FIRST_PORTS.get(profile.name, OTHER_PORTS)
    return next(port for port in range(first, first + 400) if free(port))


def remember_port(profile: Profile, port: int) -> None:
    profile.folder.mkdir(parents=True, exist_ok=True)
    profile.settings.write_text(json.dumps({"port": port}) + "\n")


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
