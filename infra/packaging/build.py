"""What a synthesis needs on disk, made in one call."""

import sys
from pathlib import Path

from infra.packaging.bytecode import runs
from infra.packaging.functions import build_function
from infra.packaging.layers import (
    CLOUD_PYTHON,
    LAYERS,
    build_cloud_layer,
    host_layer_packages,
    requirements,
    write_host_layer_asset,
)
from infra.rooms import ROOMS
from infra.settings import Build


def build_functions(root: Path, work: Path, *, compiled: bool = False) -> Path:
    """The assets of every room under `work`/functions."""
    target = work / "functions"
    for room in ROOMS:
        build_function(root, room.name, target / room.name, compiled=compiled)
    return target


def build_for_host(root: Path, work: Path, store: Path) -> Build:
    """Function assets, and layers that point into `store`, where the packages may still be on their way."""
    layers = work / "host-layers"
    for layer in LAYERS:
        write_host_layer_asset(layer, host_layer_packages(root, layer, store), layers / layer)
    return Build(functions=build_functions(root, work, compiled=True), layers=layers)


def build_for_cloud(root: Path, work: Path) -> Build:
    """Function assets and real layers; a layer whose requirements did not change is kept.

    With bytecode where this interpreter is of Lambda's version: build with that one, cold starts take half.
    """
    layers = work / "cloud-layers"
    for layer in LAYERS:
        locked = f"{sys.version}\n{requirements(root, layer).read_text()}"
        stamp = layers / f"{layer}.built-from"
        if stamp.exists() and stamp.read_text() == locked:
            continue
        build_cloud_layer(root, layer, layers / layer)
        stamp.write_text(locked)
    return Build(functions=build_functions(root, work, compiled=runs(CLOUD_PYTHON)), layers=layers)


def build_stubs(root: Path, work: Path) -> Build:
    """Function assets and empty layers, for looking at templates only: nothing of it is to be deployed."""
    layers = work / "stub-layers"
    for layer in LAYERS:
        folder = layers / layer / "python"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stub.txt").write_text(f"{layer}: a stand-in for templates that are only looked at\n")
    return Build(functions=build_functions(root, work), layers=layers)


if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    build_for_cloud(ROOT, ROOT / "build")
