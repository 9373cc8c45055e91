"""Layers: third-party code, locked by hash; for the cloud's platform, or for this host."""

import hashlib
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from infra.packaging.bytecode import compile_for_this_host, compile_packages, runs
from infra.packaging.elf import strip_library
from infra.packaging.interface import keep_interface
from infra.packaging.uv import run_uv

LAYERS = ("base", "onnx", "data", "train", "crypto", "interface")
# Layers that are a part of one package only, and what makes that part of the installed package.
KEPT_ONLY: dict[str, Callable[[Path], None]] = {"interface": keep_interface}
CLOUD_PLATFORM = "aarch64-manylinux_2_28"
CLOUD_PYTHON = "3.13"
# Layers of functions that somebody waits for; the others are too near to what Lambda takes for bytecode.
COMPILED = frozenset({"base", "onnx"})
# Nothing imports these on Lambda.
STRIPPED_FOLDERS = frozenset({"tests", "test", "include", "bin", "__pycache__"})
STRIPPED_SUFFIXES = (".pyi", ".h", ".hpp", ".pxd", ".pyx", ".c", ".cpp", ".a")


def requirements(root: Path, layer: str) -> Path:
    return root / "layers" / layer / "requirements.txt"


def build_cloud_layer(root: Path, layer: str, target: Path) -> None:
    """Install the layer for Lambda (arm64, Python 3.13) into `target`/python; strip what is never imported.

    Files are copied, never linked: what is stripped or edited must not be uv's cache.
    """
    if target.exists():
        shutil.rmtree(target)
    packages = target / "python"
    resolve_cloud_layer(root, layer, packages, link_mode="copy")
    strip(packages)
    if layer in COMPILED and runs(CLOUD_PYTHON):
        compile_packages(packages)


def resolve_cloud_layer(root: Path, layer: str, packages: Path, *, link_mode: str) -> None:
    """Put the layer's files for Lambda into `packages`, copied or linked, nothing left out."""
    run_uv(
        [
            "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps",
            "--link-mode", link_mode, "--python-platform", CLOUD_PLATFORM, "--python-version", CLOUD_PYTHON,
            "--target", str(packages), "-r", str(requirements(root, layer)),
        ]
    )  # fmt: skip
    _keep(layer, packages)


def _keep(layer: str, packages: Path) -> None:
    if layer in KEPT_ONLY:
        KEPT_ONLY[layer](packages)


def strip(packages: Path) -> None:
    """Remove tests, stubs, headers and caches below `packages`, and debug sections from libraries."""
    for path in sorted(packages.rglob("*"), reverse=True):
        if path.is_file() and is_stripped(path.relative_to(packages)):
            path.unlink()
        elif path.is_file():
            strip_library(path)
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def is_stripped(file: Path) -> bool:
    """Whether a file, relative to the layer's packages, is left out of a cloud layer."""
    return file.suffix in STRIPPED_SUFFIXES or not STRIPPED_FOLDERS.isdisjoint(file.parts[:-1])


def host_layer_packages(root: Path, layer: str, store: Path) -> Path:
    """The folder in `store` that holds this layer unpacked for this host: named by what is in it."""
    fingerprint = hashlib.sha256()
    fingerprint.update(requirements(root, layer).read_bytes())
    fingerprint.update(f"{sys.version_info[:2]} {sys.platform} {platform.machine()} compiled".encode())
    return store / f"{layer}-{fingerprint.hexdigest()[:12]}" / "python"


def build_host_layer(root: Path, layer: str, store: Path) -> Path:
    """Install the layer for this host, once, and return its folder of packages.

    With bytecode: training code's own process may write nowhere, and would compile scikit-learn each time.
    """
    packages = host_layer_packages(root, layer, store)
    ready = packages.parent / "ready"
    if ready.exists():
        return packages
    if packages.exists():
        shutil.rmtree(packages)
    run_uv(
        [
            "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps",
            "--python", sys.executable, "--target", str(packages), "-r", str(requirements(root, layer)),
        ]
    )  # fmt: skip
    _keep(layer, packages)
    compile_for_this_host(packages)
    ready.write_text("installed\n")
    return packages


def write_host_layer_asset(layer: str, packages: Path, target: Path) -> None:
    """Make `target` a layer that only points at `packages`, so that no worker unpacks 200 MB of its own."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pointer = target / "python" / "lib" / version / "site-packages" / f"sluice-{layer}.pth"
    if pointer.exists() and pointer.read_text() == f"{packages}\n":
        return
    if target.exists():
        shutil.rmtree(target)
    pointer.parent.mkdir(parents=True)
    pointer.write_text(f"{packages}\n")
