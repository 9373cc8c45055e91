"""Function assets: first-party code only, copied so that equal sources give equal folders."""

import hashlib
import shutil
import sys
from pathlib import Path

from infra.packaging.bytecode import bytecode_of

# What runs on a person's machine; everything else of `sluice` ships in every function.
NEVER_SHIPPED = ("client", "cli", "local")

# Rooms that hand out code instead of running it: a serving bundle is written by manage_platform.
CARRIED = {"manage_platform": ("edge", "functions/predict")}


def build_function(root: Path, room: str, target: Path, *, compiled: bool = False) -> None:
    """Make `target` the asset of one room: its folder and the shared code; `compiled`: and its bytecode."""
    wanted = {path: (root / path).read_bytes() for path in asset_files(root, room)}
    if compiled:
        for path, content in list(wanted.items()):
            wanted |= bytecode_of(path, content)
    _write_exactly(target, wanted)


def fingerprint(asset: Path) -> str:
    """What the asset is made from. Bytecode follows from it, but not to the bit: equal code, other bytes."""
    digest = hashlib.sha256(sys.version.encode() if any(asset.rglob("*.pyc")) else b"")
    for path in sorted(asset.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(asset)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def asset_files(root: Path, room: str) -> list[Path]:
    """The files of a room's asset, relative to `root`, sorted; those that it only carries among them."""
    shared = [folder for folder in (root / "sluice").iterdir() if folder.is_dir()]
    folders = [root / "functions" / room, *(f for f in shared if f.name not in NEVER_SHIPPED)]
    folders += [root / name for name in CARRIED.get(room, ())]
    files = [root / "functions" / "__init__.py", *(root / "sluice").glob("*.py")]
    for folder in folders:
        files += [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(path.relative_to(root) for path in files)


def _write_exactly(target: Path, wanted: dict[Path, bytes]) -> None:
    if target.exists():
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(target) not in wanted:
                path.unlink()
    for name, content in wanted.items():
        path = target / name
        if path.exists() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _drop_empty(target)


def _drop_empty(target: Path) -> None:
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            shutil.rmtree(folder)
