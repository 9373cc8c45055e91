"""An object in S3 as a file that can be sought in, for readers that want only parts of it."""

from __future__ import annotations

import io
from dataclasses import dataclass

from sluice.domain.batch import Batch
from sluice.stores.artefacts import ArtefactStore

READ_AHEAD = 1 << 20


@dataclass
class StoredFile(io.RawIOBase):
    """Read-only; wrapped in a BufferedReader by `open_stored`, so that small reads are not requests."""

    store: ArtefactStore
    batch: Batch
    place: int = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.batch.size}[whence]
        self.place = max(0, base + offset)
        return self.place

    def tell(self) -> int:
        return self.place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # io gives a memoryview
        end = min(self.place + len(buffer), self.batch.size)
        if end <= self.place:
            return 0
        version = self.batch.version_id or ""
        content = b"".join(self.store.stream("data", self.batch.key, version, start=self.place, end=end))
        buffer[: len(content)] = content
        self.place += len(content)
        return len(content)


def open_stored(store: ArtefactStore, batch: Batch) -> io.BufferedReader:
    """The batch's file."""
    return io.BufferedReader(StoredFile(store, batch), READ_AHEAD)
