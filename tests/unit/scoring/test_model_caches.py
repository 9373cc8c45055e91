"""Models in memory and their files on disk: bounded, loaded once, checked each time."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import IntegrityError, Unavailable
from sluice.scoring.disk_cache import DiskCache
from sluice.scoring.sessions import ModelCache
from tests.unit.scoring import models


class Store:
    """Models by number, made when asked for; every read is counted."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.down = False

    def add(self, number: int) -> tuple[str, ArtefactRef, ArtefactRef]:
        onnx_bytes = models.value_onnx(float(number))
        manifest = models.value_manifest(onnx_bytes)
        model, described = self.put(f"{number}.onnx", onnx_bytes), self.put(f"{number}.json", manifest)
        return described.sha256, model, described

    def put(self, key: str, content: bytes) -> ArtefactRef:
        self.contents[key] = content
        return ArtefactRef("artifacts", key, "v1", hashlib.sha256(content).hexdigest(), len(content))

    def read(self, ref: ArtefactRef) -> bytes:
        self.reads.append(ref.key)
        self.gate.wait(5)
        if self.down:
            raise Unavailable("down")
        return self.contents[ref.key]


class Growing:
    """Memory as if every model that is held took a hundred bytes."""

    def __init__(self) -> None:
        self.cache: ModelCache | None = None

    def __call__(self) -> int:
        return 0 if self.cache is None else 100 * len(self.cache)


def bounded(store: Store, budget: int) -> ModelCache:
    memory = Growing()
    memory.cache = ModelCache(store.read, budget, measure=memory)
    return memory.cache


def test_a_model_is_loaded_once() -> None:
    store = Store()
    cache = ModelCache(store.read, budget=1 << 30)
    wanted = store.add(3)

    assert cache.get(*wanted) is cache.get(*wanted)
    assert store.reads == ["3.json", "3.onnx"]


def test_the_least_recently_used_leave_when_memory_is_full() -> None:
    store = Store()
    cache = bounded(store, budget=250)
    wanted = [store.add(number) for number in range(3)]

    cache.get(*wanted[0])
    cache.get(*wanted[1])
    cache.get(*wanted[0])
    cache.get(*wanted[2])
    store.reads.clear()
    cache.get(*wanted[0])
    cache.get(*wanted[1])

    assert store.reads == ["1.json", "1.onnx"]
    assert len(cache) == 2


def test_a_model_over_the_whole_budget_still_serves_alone() -> None:
    store = Store()
    cache = bounded(store, budget=1)

    for number in range(3):
        cache.get(*store.add(number))

    assert len(cache) == 1


def test_threads_that_ask_at_once_load_once() -> None:
    store = Store()
    store.gate.clear()
    cache = ModelCache(store.read, budget=1 << 30)
    wanted = store.add(1)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get(*wanted))) for _ in range(8)]

    for thread in threads:
        thread.start()
    store.gate.set()
    for thread in threads:
        thread.join(10)

    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    assert len(store.reads) == 2


def test_a_failed_load_is_tried_again() -> None:
    store = Store()
    store.down = True
    cache = ModelCache(store.read, budget=1 << 30)
    wanted = store.add(1)

    with pytest.raises(Unavailable):
        cache.get(*wanted)
    store.down = False

    assert cache.get(*wanted).manifest.digest == wanted[0]


def test_another_manifest_than_the_digest_says_is_refused() -> None:
    store = Store()
    cache = ModelCache(store.read, budget=1 << 30)
    _, model, manifest = store.add(1)

    with pytest.raises(IntegrityError):
        cache.get("0" * 64, model, manifest)


def test_files_are_read_from_disk_the_second_time(tmp_path: Path) -> None:
    store = Store()
    ref = store.put("a", b"content")
    disk = DiskCache(store.read, tmp_path / "models", budget=1000)

    assert [disk.read(ref), disk.read(ref)] == [b"content", b"content"]
    assert store.reads == ["a"]


def test_a_damaged_file_is_fetched_again(tmp_path: Path) -> None:
    store = Store()
    ref = store.put("a", b"content")
    disk = DiskCache(store.read, tmp_path, budget=1000)
    disk.read(ref)
    (tmp_path / ref.sha256).write_bytes(b"damaged")

    assert disk.read(ref) == b"content"
    assert (tmp_path / ref.sha256).read_bytes() == b"content"


def test_the_disk_keeps_to_its_budget(tmp_path: Path) -> None:
    store = Store()
    disk = DiskCache(store.read, tmp_path, budget=25)
    refs = [store.put(str(number), bytes([number]) * 10) for number in range(3)]

    for age, ref in enumerate(refs):
        disk.read(ref)
        os.utime(tmp_path / ref.sha256, (age, age))

    assert {file.name for file in tmp_path.iterdir()} == {ref.sha256 for ref in refs[1:]}


def test_a_disk_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    store = Store()
    ref = store.put("a", b"content")
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    disk = DiskCache(store.read, in_the_way / "models", budget=1000)

    assert [disk.read(ref), disk.read(ref)] == [b"content", b"content"]
    assert len(store.reads) == 2
