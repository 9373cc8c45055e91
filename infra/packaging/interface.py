"""MLflow's web interface, taken out of its wheel: its built files, each packed, and nothing else."""

import gzip
import shutil
from pathlib import Path

BUILT = Path("mlflow", "server", "js", "build")
KEPT = "mlflow_interface"


def keep_interface(packages: Path) -> None:
    """Leave only the interface's files in `packages`, as `mlflow_interface/{name}.gz`.

    Packed once, as small as gzip can: every browser unpacks it, and Lambda answers with what lies there.
    """
    built, kept = packages / BUILT, packages / KEPT
    for path in sorted(path for path in built.rglob("*") if path.is_file()):
        name = path.relative_to(built)
        target = kept / name.with_name(f"{name.name}.gz")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
    for other in packages.iterdir():
        if other != kept:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
