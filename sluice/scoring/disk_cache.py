"""Model files on the function's own disk: the second level between memory and S3."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from sluice.domain.artefacts import ArtefactRef, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class DiskCache:
    """Files by digest in `folder`, at most `budget` bytes of them. The digest is checked on every read:
    a damaged file is fetched again. A full or read-only disk only costs time.
    """

    def __init__(self, fetch: Callable[[ArtefactRef], bytes], folder: Path, budget: int) -> None:
        self._fetch, self._folder, self._budget = fetch, folder, budget
        self._held: int | None = None

    def read(self, ref: ArtefactRef) -> bytes:
        """The bytes behind the reference; whatever fetching raises goes through."""
        path = self._folder / ref.sha256
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if sha256_of(content) == ref.sha256:
                os.utime(path)
                return content
        content = self._fetch(ref)
        with contextlib.suppress(OSError):
            self._keep(path, content)
        return content

    def _keep(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room(len(content))
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.replace(path)
        self._held = (self._held or 0) + len(content)

    def _make_room(self, size: int) -> None:
        """Looks at the files where it must: at first, and when they are too many. Then an eighth goes."""
        if self._held is not None and self._held + size <= self._budget:
            return
        files = sorted((file.stat().st_mtime, file.stat().st_size, file) for file in self._folder.iterdir())
        self._held = sum(entry[1] for entry in files)
        wanted = self._budget if self._held + size <= self._budget else self._budget - self._budget // 8
        for _, freed, file in files:
            if self._held + size <= wanted:
                return
            file.unlink(missing_ok=True)
            self._held -= freed
