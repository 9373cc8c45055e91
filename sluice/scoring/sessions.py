"""Loaded models, so many as fit: one warm function serves thousands.

What counts is what the process really grew by: a forest takes about twelve times its file's size, a small
model twenty times, and what a model leaves behind is taken again by the next without any growth.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Lock

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import IntegrityError
from sluice.scoring.model import LoadedModel

Read = Callable[[ArtefactRef], bytes]
"""The bytes behind a reference, their digest checked: IntegrityError when it differs."""


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def release_memory() -> None:
    """Give freed memory back to the system, where the C library can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class ModelCache:
    """Models by digest. The least recently used leave when the process grew by more than the budget (in
    bytes) since the cache was made; the one asked for always stays. Threads that ask for the same model
    load it once.
    """

    def __init__(self, read: Read, budget: int, measure: Callable[[], int] = resident_bytes) -> None:
        self._read, self._budget, self._measure = read, budget, measure
        self._before = measure()
        self._lock = Lock()
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()
        self._loading: dict[str, Future[LoadedModel]] = {}

    def get(self, digest: str, model: ArtefactRef, manifest: ArtefactRef) -> LoadedModel:
        """The model whose manifest has this digest, loaded if need be. IntegrityError when the stored
        bytes are not the recorded ones; whatever reading raises goes through.
        """
        with self._lock:
            if digest in self._models:
                self._models.move_to_end(digest)
                return self._models[digest]
            waiting = self._loading.get(digest)
            if waiting is None:
                mine = self._loading[digest] = Future()
        return waiting.result() if waiting else self._load_for_all(mine, digest, model, manifest)

    def __len__(self) -> int:
        return len(self._models)

    def _load_for_all(
        self, mine: Future[LoadedModel], digest: str, model: ArtefactRef, manifest: ArtefactRef
    ) -> LoadedModel:
        try:
            loaded = self._load(digest, model, manifest)
        except BaseException as error:
            with self._lock:
                del self._loading[digest]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._loading[digest]
            self._models[digest] = loaded
            self._shrink()
        mine.set_result(loaded)
        return loaded

    def _load(self, digest: str, model: ArtefactRef, manifest: ArtefactRef) -> LoadedModel:
        manifest_bytes, onnx_bytes = self._read(manifest), self._read(model)
        loaded = LoadedModel.load(onnx_bytes, manifest_bytes)
        if loaded.manifest.digest != digest:
            raise IntegrityError("the manifest is not the one that was promoted: the digests differ")
        return loaded

    def _shrink(self) -> None:
        """An eighth leaves at once: giving memory back takes milliseconds."""
        while len(self._models) > 1 and self._measure() - self._before > self._budget:
            for _ in range(max(1, len(self._models) // 8)):
                self._models.popitem(last=False)
            release_memory()
