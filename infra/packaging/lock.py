"""Locking requirements by hash: groups of pyproject.toml go in, files that any index can serve come out.

Every file is universal (Linux, macOS; Python from 3.11) and names no registry. All others are constrained by
the widest, so that a library has one version everywhere.
"""

from pathlib import Path

from infra.packaging.layers import KEPT_ONLY, LAYERS
from infra.packaging.uv import run_uv

WIDEST = "check"
OPTIONS = ("--universal", "--generate-hashes", "--no-annotate", "--no-header", "--python-version", "3.11")


def lock(root: Path) -> None:
    """Compile every requirements file anew; versions move only where pyproject.toml demands it."""
    requirements = root / "requirements"
    widest = requirements / f"{WIDEST}.txt"
    project = root / "pyproject.toml"
    _compile(widest, [str(project), "--group", f"{project}:{WIDEST}"])
    for name in ("local", "test"):
        _compile(
            requirements / f"{name}.txt", [str(project), "--group", f"{project}:{name}", "-c", str(widest)]
        )
    _compile(requirements / "emulator.txt", ["--group", f"{project}:emulator", "-c", str(widest)])
    for layer in LAYERS:
        target = root / "layers" / layer / "requirements.txt"
        options = ["--no-deps"] if layer in KEPT_ONLY else []
        _compile(target, [*options, "--group", f"{project}:layer-{layer}", "-c", str(widest)])


def _compile(target: Path, sources: list[str]) -> None:
    run_uv(["pip", "compile", "--quiet", *OPTIONS, *sources, "-o", str(target)])


if __name__ == "__main__":
    lock(Path(__file__).resolve().parents[2])
