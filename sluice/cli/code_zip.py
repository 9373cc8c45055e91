"""A project's code as a zip that depends on its files only: same files, same bytes, same digest."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sluice.domain.errors import Invalid, Reason

#: Code, its tests and small settings. Data never travels with code; project.yaml is a version of its own.
_SUFFIXES = frozenset({".py", ".toml", ".cfg", ".ini", ".txt", ".json", ".sql"})
_SKIPPED_FOLDERS = frozenset({"__pycache__", "venv", "node_modules", "build", "dist"})
#: A larger .json or .txt is data.
_LARGEST_SETTING = 1_000_000
_THE_DAY_ZIP_BEGAN = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class CodeZip:
    """`digest` is over names and contents, as the platform computes it."""

    content: bytes
    digest: str
    files: tuple[str, ...]


def zip_code(folder: Path) -> CodeZip:
    """Pack a project's folder. Invalid when there is no code in it."""
    paths = sorted(_code_files(folder), key=lambda path: path.relative_to(folder).as_posix())
    if not any(path.suffix == ".py" for path in paths):
        reason = Reason(str(folder), "there is no Python file", "0 files", "training code and its tests")
        raise Invalid("nothing to push", [reason])
    buffer, digest = io.BytesIO(), hashlib.sha256()
    names = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            name, content = path.relative_to(folder).as_posix(), path.read_bytes()
            entry = zipfile.ZipInfo(name, _THE_DAY_ZIP_BEGAN)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            digest.update(f"{name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
            names.append(name)
    return CodeZip(buffer.getvalue(), digest.hexdigest(), tuple(names))


def _code_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in parts)
        if hidden or path.suffix not in _SUFFIXES or path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".py" or path.stat().st_size <= _LARGEST_SETTING:
            yield path
