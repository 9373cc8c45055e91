"""Synthesizing the application for the embedded AWS: the slow part of `up`, done when a source changed."""

import hashlib
import shutil
import sys
from pathlib import Path

from infra.packaging.synthesis import synthesize as run_application
from sluice.local.alone import alone
from sluice.local.profile import ROOT, STAGE, STATE

ASSEMBLIES = STATE / "assemblies"
KEPT = 4
SOURCES = ("app.py", "infra", "functions", "edge", "sluice", "layers")


class SynthesisError(Exception):
    """The application could not be synthesized; the message is what it said."""


def synthesize() -> Path:
    """The cloud assembly of the sources as they are, made now or kept from before."""
    ASSEMBLIES.mkdir(parents=True, exist_ok=True)
    with alone("assemblies"):
        return _synthesize(ASSEMBLIES / source_digest()[:16])


def _synthesize(target: Path) -> Path:
    if (target / "manifest.json").exists():
        target.touch()
        return target
    scratch = target.with_suffix(".new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    problem = run_application(ROOT, scratch, {"stage": STAGE, "layers": "host"})
    if problem:
        raise SynthesisError(f"the application could not be synthesized:\n{problem[-4000:]}")
    scratch.rename(target)
    _drop_old()
    return target


def source_digest() -> str:
    """One digest over every source file that synthesis reads, and over this interpreter."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in SOURCES:
        source = ROOT / name
        files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
        for path in files:
            if "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _drop_old() -> None:
    assemblies = sorted(ASSEMBLIES.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for assembly in assemblies[KEPT:]:
        shutil.rmtree(assembly, ignore_errors=True)
