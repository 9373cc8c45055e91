"""Running uv, the installer that the environment brings along."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


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
    done = subprocess.run(
        [find_uv(), *arguments], capture_output=True, text=True, check=False, env=uv_environment()
    )
    if done.returncode != 0:
        raise PackagingError(f"uv {' '.join(arguments[:3])} failed:\n{done.stderr.strip()[-4000:]}")
    return done.stdout


def uv_environment() -> dict[str, str]:
    """The environment for uv, with pip's index and certificate settings carried over where uv has none of its own."""
    environment = dict(os.environ)
    carried = {
        "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
        "PIP_EXTRA_INDEX_URL": "UV_INDEX",
        "PIP_FIND_LINKS": "UV_FIND_LINKS",
        "PIP_CERT": "SSL_CERT_FILE",
    }
    for theirs, ours in carried.items():
        if environment.get(theirs) and not environment.get(ours):
            environment[ours] = environment[theirs]
    environment.pop("VIRTUAL_ENV", None)
    return environment
