"""A project's code as it is uploaded: a zip, unpacked only where it cannot reach outside its folder."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path, PurePosixPath

from sluice.domain.errors import Invalid, Reason

MOST_FILES = 2_000
LARGEST = 64 << 20
_IGNORED = ("__MACOSX", "__pycache__", ".git", ".venv")


def unpack(content: bytes, folder: Path) -> list[str]:
    """Write the archive's files below `folder`; one folder around everything is left out.

    Gives their names. Invalid (with reasons) for anything that is no zip, reaches outside, holds
    links, or is larger unpacked than 64 MB or 2,000 files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive)
            return [_write(archive, member, name, folder) for member, name in _without_top(members)]
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise _refused(str(error), "a zip of the project's folder", "not a zip archive") from error


def _members(archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    members = []
    for member in archive.infolist():
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if member.is_dir() or set(name.parts) & set(_IGNORED) or name.suffix == ".pyc":
            continue
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise _refused(member.filename, "a path inside the archive", "this path leads outside")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(member.filename, "files and folders", "links are not unpacked")
        members.append((member, name))
    if len(members) > MOST_FILES:
        raise _refused(f"{len(members)} files", f"at most {MOST_FILES}", "too many files")
    size = sum(member.file_size for member, _ in members)
    if size > LARGEST:
        raise _refused(f"{size} bytes", f"at most {LARGEST}", "too large unpacked")
    if not members:
        raise _refused("an empty archive", "code and tests", "there is nothing in it")
    return members


def _without_top(
    members: list[tuple[zipfile.ZipInfo, PurePosixPath]],
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """`zip -r code.zip folder` puts everything into `folder/`; a module beside it says it is meant."""
    tops = {name.parts[0] for _, name in members}
    if len(tops) > 1 or any(len(name.parts) == 1 for _, name in members) or tops == {"tests"}:
        return members
    return [(member, PurePosixPath(*name.parts[1:])) for member, name in members]


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: PurePosixPath, folder: Path) -> str:
    path = folder.joinpath(*name.parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as packed:
        content = packed.read(member.file_size + 1)  # the header may lie
    if len(content) != member.file_size:
        raise _refused(member.filename, f"{member.file_size} bytes", "larger than it says")
    path.write_bytes(content)
    return str(name)


def _refused(value: str, expected: str, message: str) -> Invalid:
    return Invalid(f"the code archive is refused: {message}", [Reason("code", message, value, expected)])
