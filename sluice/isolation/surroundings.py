"""What a child finds around it: an empty environment, code and libraries to import, whose user it is."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_NOBODY = 65534


def import_path() -> list[str]:
    """Where the child imports from: this code, and the third-party code the parent itself uses."""
    third_party = ("site-packages", "dist-packages", "python")
    found = [entry for entry in sys.path if Path(entry).name in third_party and Path(entry).is_dir()]
    return [str(_ROOT), *found]


def readable_paths() -> list[str]:
    """What a confined child may read besides its folder: code, libraries, and what they look up."""
    code = [_ROOT / "sluice", _ROOT / "functions"]
    interpreter = [Path(sys.prefix), Path(sys.base_prefix), Path(os.path.realpath(sys.executable)).parent]
    libraries = [Path(path) for path in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")]
    system = [
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/dev/urandom",
        "/dev/zero",
        "/proc/cpuinfo",
        "/proc/meminfo",
    ]
    system += ["/sys/devices/system/cpu", "/proc/sys/vm/overcommit_memory"]
    wanted = [*code, *interpreter, *libraries, *map(Path, system), *map(Path, import_path()[1:])]
    return [str(path) for path in wanted if path.exists()]


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the parent's: no credentials, no endpoints, one thread for every numeric library."""
    threads = ("OMP", "OPENBLAS", "MKL", "VECLIB", "NUMEXPR")
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "LOKY_MAX_CPU_COUNT": "1",
        "JOBLIB_MULTIPROCESSING": "0",
        "PYTHONHASHSEED": "0",
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }


def child_user(folder: Path) -> int | None:
    """Nobody, when the parent is root and nobody can reach the code; else the parent's own user."""
    if os.geteuid() != 0:
        return None
    _open_own_temporary_folders()
    paths = [Path(os.path.realpath(sys.executable)), folder.parent, *map(Path, import_path())]
    return _NOBODY if all(_reachable(path) for path in paths) else None


def _open_own_temporary_folders() -> None:
    """Code that was unpacked into a private temporary folder may be passed through (not listed) by others."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for entry in map(Path, import_path()):
        for folder in (entry, *entry.parents):
            if (
                temporary in folder.parents
                and folder.stat().st_uid == 0
                and not folder.stat().st_mode & 0o001
            ):
                folder.chmod(folder.stat().st_mode | 0o011)


def _reachable(path: Path) -> bool:
    chain = (path, *path.parents)
    return all(entry.stat().st_mode & 0o001 for entry in chain if entry.is_dir())
