"""Running uv, the installer that the environment brings along, from the index that pip is configured for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

# What pip calls it in its configuration -> what uv reads from its environment.
CARRIED = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


class PackagingError(Exception):
    """A build step failed; the message carries what the tool said."""


def find_uv() -> str:
    """The uv beside this interpreter, else the one on the PATH; PackagingError when there is none."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise PackagingError("uv is not installed: run `make setup`")
    return found


def run_uv(arguments: Sequence[str]) -> str:
    """Run uv to its end and return what it printed; PackagingError with its last words when it fails."""
    command = [find_uv(), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=uv_environment())
    if done.returncode != 0:
        raise PackagingError(f"uv {' '.join(arguments[:3])} failed:\n{done.stderr.strip()[-4000:]}")
    return done.stdout


def uv_environment() -> dict[str, str]:
    """This process's environment, and pip's index and certificate settings where uv has none of its own."""
    carried = carry_pip_settings(_pip_configuration())
    environment = {**carried, **os.environ}
    environment.pop("VIRTUAL_ENV", None)
    return environment


def carry_pip_settings(configuration: Mapping[str, str]) -> dict[str, str]:
    """The variables uv reads for pip's settings (`index-url`, ...); several values have blanks between."""
    carried = {ours: configuration[theirs] for theirs, ours in CARRIED.items() if configuration.get(theirs)}
    if "UV_FIND_LINKS" in carried:
        carried["UV_FIND_LINKS"] = ",".join(carried["UV_FIND_LINKS"].split())
    if "UV_INDEX" in carried:
        # pip looks into all of its indexes; the hashes say which file it must be.
        carried["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return carried


@cache
def _pip_configuration() -> dict[str, str]:
    """What pip says its settings are, files first, then PIP_ variables; nothing where there is no pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {}
    for line in sorted(listed.stdout.splitlines(), key=lambda line: line.startswith(":env:")):
        name, separator, value = line.partition("=")
        if separator:
            found[name.rpartition(".")[2]] = value.strip().strip("'\"").replace("\\n", " ")
    return found
