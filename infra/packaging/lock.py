"""Locking requirements by hash: groups of pyproject.toml go in, files that any index can serve come out.

Every file is universal (Linux, macOS; Python from 3.11) and names no registry. All others begin as the widest
and are constrained by it, so that a library has one version everywhere, and the hashes of all of its files
though an index of this machine may have but one of them.
"""

import shutil
from pathlib import Path

from infra.packaging.layers import KEPT_ONLY, LAYERS
from infra.packaging.uv import run_uv

WIDEST = "check"
SETS = ("local", "test")
OPTIONS = ("--universal", "--generate-hashes", "--no-annotate", "--no-header", "--python-version", "3.11")


def lock(root: Path) -> None:
    """Compile every requirements file anew; versions move only where pyproject.toml demands it."""
    requirements = root / "requirements"
    widest = requirements / f"{WIDEST}.txt"
    project = root / "pyproject.toml"
    _compile(widest, [str(project), "--group", f"{project}:{WIDEST}"])
    group = f"{project}:"
    narrower = {requirements / f"{name}.txt": [str(project), "--group", f"{group}{name}"] for name in SETS}
    narrower[requirements / "emulator.txt"] = ["--group", f"{group}emulator"]
    narrower[root / "edge" / "requirements.txt"] = ["--group", f"{group}edge"]
    for layer in LAYERS:
        options = ["--no-deps"] if layer in KEPT_ONLY else []
        target = root / "layers" / layer / "requirements.txt"
        narrower[target] = [*options, "--group", f"{group}layer-{layer}"]
    for target, sources in narrower.items():
        shutil.copyfile(widest, target)
        _compile(target, [*sources, "-c", str(widest)])


def _compile(target: Path, sources: list[str]) -> None:
    run_uv(["pip", "compile", "--quiet", *OPTIONS, *sources, "-o", str(target)])


if __name__ == "__main__":
    lock(Path(__file__).resolve().parents[2])
