"""Artifact files between two servers: listed, streamed over the disk, sizes and digests compared."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from sluice.client.errors import ClientError, Refused
from sluice.client.transfer.server import MlflowServer, is_missing, quoted
from sluice.client.transport import Json

_PROXY = "/api/2.0/mlflow-artifacts"
_AJAX = "/ajax-api/2.0/mlflow/logged-models"
_IN_ONE = 4_000_000
"""Bytes: larger files go in parts, past the server, where it can make links."""
_PART = 16_000_000


class NotCopied(ClientError):  # noqa: N818 - it says what it is
    """A file could not be brought over; the text says which and why."""


@dataclass(frozen=True)
class Folder:
    """The files of a run or a logged model on one server. `owner` is its id there."""

    server: MlflowServer
    uri: str
    kind: str
    owner: str

    @property
    def base(self) -> str | None:
        """Its path behind the server's artifact proxy; None where the server keeps files elsewhere."""
        parts = urlsplit(self.uri)
        return unquote(parts.path).strip("/") if parts.scheme == "mlflow-artifacts" else None

    def files(self, below: str = "") -> Iterator[tuple[str, int]]:
        """(path from the root, bytes) of every file."""
        for path, entry in self._listed(below):
            if entry.get("is_dir"):
                yield from self.files(path)
            else:
                yield path, int(entry.get("file_size") or 0)

    def _listed(self, below: str) -> list[tuple[str, Json]]:
        if self.base is not None:
            where = f"{self.base}/{below}".rstrip("/")
            answer = self.server.get(f"{_PROXY}/artifacts", path=where)
            prefix = f"{below}/" if below else ""
            return [(prefix + entry["path"], entry) for entry in answer.get("files", ())]
        if self.kind == "run":
            pages = self.server.pages("artifacts/list", "files", {"run_id": self.owner, "path": below}, "GET")
            return [(entry["path"], entry) for entry in pages]
        answer = self.server.get(f"{_AJAX}/{self.owner}/artifacts/directories", artifact_directory_path=below)
        return [(entry["path"], entry) for entry in answer.get("files", ())]

    def fetch(self, path: str, file: BinaryIO) -> str:
        """Write the file to disk; gives its sha256."""
        if self.base is not None:
            return self.server.fetch(f"{_PROXY}/artifacts/{quoted(f'{self.base}/{path}')}", {}, file)
        if self.kind == "run":
            return self.server.fetch("/get-artifact", {"run_id": self.owner, "path": path}, file)
        where = f"{_AJAX}/{self.owner}/artifacts/files"
        return self.server.fetch(where, {"artifact_file_path": path}, file)

    def put(self, path: str, file: BinaryIO, size: int) -> None:
        full = f"{self.base}/{path}"
        if size <= _IN_ONE or not self._put_in_parts(full, file, size):
            self.server.send(f"{_PROXY}/artifacts/{quoted(full)}", file, size)

    def _put_in_parts(self, full: str, file: BinaryIO, size: int) -> bool:
        """False where the server's storage takes no parts."""
        folder, _, name = full.rpartition("/")
        part = max(_PART, -(-size // 9_000))
        count = -(-size // part)
        where = f"{_PROXY}/mpu/{{}}/{quoted(folder)}"
        begun = {"path": name, "num_parts": count}
        try:
            made = self.server.post(where.format("create"), begun)
        except Refused as refused:
            if is_missing(refused) or refused.problem.status == 501:  # noqa: PLR2004 - not implemented
                return False
            raise
        tags = [
            {
                "part_number": one["part_number"],
                "etag": self.server.send_part(
                    one["url"],
                    one.get("headers") or {},
                    file,
                    (one["part_number"] - 1) * part,
                    min(part, size - (one["part_number"] - 1) * part),
                ),
            }
            for one in made["credentials"]
        ]
        ended = {"path": name, "upload_id": made["upload_id"], "parts": tags}
        self.server.post(where.format("complete"), ended)
        return True


def copy_files(source: Folder, target: Folder, scratch: Path, *, verify: bool) -> int:
    """Bring over what is not there in the same size; gives how many files. NotCopied says what went wrong.

    `verify` reads each one back and compares its digest; sizes are compared anyway.
    """
    wanted = dict(source.files())
    if not wanted:
        return 0
    if target.base is None:
        raise NotCopied(f"files at {target.uri} cannot be written through the server")
    held = dict(target.files())
    missing = [path for path, size in wanted.items() if held.get(path) != size]
    for path in missing:
        _copy(source, target, path, scratch, verify=verify)
    now = dict(target.files()) if missing else held
    wrong = [path for path, size in wanted.items() if now.get(path) != size]
    if wrong:
        raise NotCopied(f"{wrong[0]} has {now.get(wrong[0], 0)} bytes, not {wanted[wrong[0]]}")
    return len(missing)


def _copy(source: Folder, target: Folder, path: str, scratch: Path, *, verify: bool) -> None:
    with tempfile.TemporaryFile(dir=scratch) as file:
        digest = source.fetch(path, file)
        size = file.seek(0, 2)
        target.put(path, file, size)
        if verify and target.fetch(path, file) != digest:
            raise NotCopied(f"{path} came back with another digest")


def tolerant(copy: Callable[[], int], note: Callable[[str], None], what: str) -> int:
    """Files that a server does not give over REST are a note, no failure."""
    try:
        return copy()
    except Refused as refused:
        if not is_missing(refused):
            raise
        note(f"{what}: this server gives its files to nobody over REST")
        return 0
