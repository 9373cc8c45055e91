"""Installing what a command needs into .venv: `python3 -m infra.packaging.install local|test|check`.

Only the standard library is importable here, on any Python from 3.11. Everything comes from the index that
pip is configured for, each file by its hash; a second run with nothing changed does nothing.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.packaging.uv import PackagingError, uv_environment

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
# Each set holds those before it.
SETS = ("local", "test", "check")
OLDEST = (3, 11)


def install(wanted: str) -> bool:
    """Make .venv hold at least the set `wanted`; False when it already did."""
    if wanted not in SETS:
        raise PackagingError(f"there is no set {wanted!r}: expected one of {', '.join(SETS)}")
    installed = _installed()
    if installed and SETS.index(installed) >= SETS.index(wanted):
        return False
    STAMP.unlink(missing_ok=True)
    _make_environment()
    _install_uv()
    _uv("sync", "--require-hashes", str(_requirements(wanted)))
    _uv("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    STAMP.write_text(json.dumps({"set": wanted, "digest": _digest(wanted)}) + "\n")
    return True


def _installed() -> str | None:
    """The set that .venv was made for, if its files and the interpreter are still the same."""
    if not STAMP.exists():
        return None
    stamp: dict[str, str] = json.loads(STAMP.read_text())
    return stamp["set"] if stamp["digest"] == _digest(stamp["set"]) else None


def _digest(name: str) -> str:
    parts = [_requirements(name).read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join([*parts, sys.version.encode()])).hexdigest()


def _requirements(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def _make_environment() -> None:
    if _python().exists():
        return
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        # Debian's Python comes without ensurepip; its pip, where there is one, can install from outside.
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])


def _install_uv() -> None:
    """Install uv by the hashes of the lock, with whichever pip there is."""
    with tempfile.TemporaryDirectory() as scratch:
        locked = Path(scratch) / "uv.txt"
        locked.write_text(_locked_uv())
        inside = subprocess.run([str(_python()), "-m", "pip", "--version"], capture_output=True, check=False)
        pip = [str(_python()), "-m", "pip"]
        if inside.returncode != 0:
            pip = [sys.executable, "-m", "pip", "--python", str(_python())]
        _run(
            [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(locked)]
        )


def _locked_uv() -> str:
    lines = _requirements("local").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("uv=="))
    last = next(n for n in range(first, len(lines)) if not lines[n].endswith("\\"))
    return "\n".join(lines[first : last + 1]) + "\n"


def _uv(command: str, *arguments: str) -> None:
    uv = str(_python().with_name("uv"))
    _run(
        [uv, "pip", command, "--quiet", "--python", str(_python()), *arguments], environment=uv_environment()
    )


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    if subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode != 0:
        raise PackagingError(f"this failed: {' '.join(command)}")


def _python() -> Path:
    return VENV / "bin" / "python"


def main() -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"Python {OLDEST[0]}.{OLDEST[1]} or later is needed, not {sys.version.split()[0]}")
    try:
        install(sys.argv[1] if len(sys.argv) > 1 else SETS[0])
    except PackagingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
