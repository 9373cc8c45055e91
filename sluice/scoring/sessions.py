"""Loaded models, so many as fit: one warm function serves thousands.

A model's share is the memory that the process grew by while loading it: a forest takes about twelve
times its file size, so sizes of files say little.
"""

from __future__ import annotations

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


class ModelCache:
    """Models by digest. The least recently used leave when their measured memory exceeds the budget (in
    bytes); the one asked for always stays. Threads that ask for the same model load it once.
    """

    def __init__(self, read: Read, budget: int, measure: Callable[[], int] = resident_bytes) -> None:
        self._read, self._budget, self._measure = read, budget, measure
        self._lock = Lock()
        self._models: OrderedDict[str, tuple[LoadedModel, int]] = OrderedDict()
        self._loading: dict[str, Future[LoadedModel]] = {}

    def get(self, digest: str, model: ArtefactRef, manifest: ArtefactRef) -> LoadedModel:
        """The model whose manifest has this digest, loaded if need be. IntegrityError when the stored
        bytes are not the recorded ones; whatever reading raises goes through.
        """
        with self._lock:
            if digest in self._models:
                self._models.move_to_end(digest)
                return self._models[digest][0]
            waiting = self._loading.get(digest)
            if waiting is None:
                mine = self._loading[digest] = Future()
        return waiting.result() if waiting else self._load_for_all(mine, digest, model, manifest)

    @property
    def held_bytes(self) -> int:
        return sum(size for _, size in self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def _load_for_all(
        self, mine: Future[LoadedModel], digest: str, model: ArtefactRef, manifest: ArtefactRef
    ) -> LoadedModel:
        try:
            loaded, size = self._load(digest, model, manifest)
        except BaseException as error:
            with self._lock:
                del self._loading[digest]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._loading[digest]
            self._models[digest] = (loaded, size)
            self._shrink()
        mine.set_result(loaded)
        return loaded

    def _load(self, digest: str, model: ArtefactRef, manifest: ArtefactRef) -> tuple[LoadedModel, int]:
        manifest_bytes, onnx_bytes = self._read(manifest), self._read(model)
        before = self._measure()
        loaded = LoadedModel.load(onnx_bytes, manifest_bytes)
        if loaded.manifest.digest != digest:
            raise IntegrityError("the manifest is not the one that was promoted: the digests differ")
        return loaded, max(self._measure() - before, 2 * len(onnx_bytes))

    def _shrink(self) -> None:
        while self.held_bytes > self._budget and len(self._models) > 1:
            self._models.popitem(last=False)
