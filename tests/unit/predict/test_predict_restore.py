"""A function that begins from a snapshot sees today's routes and shares no random numbers with its copies."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from functions.predict.restore import prepare_for_snapshots


class Runtime(ModuleType):
    """Lambda's module, as far as a function uses it."""

    def __init__(self) -> None:
        super().__init__("snapshot_restore_py")
        self.before: list[Callable[[], Any]] = []
        self.after: list[Callable[[], Any]] = []

    def register_before_snapshot(self, work: Callable[..., Any], *arguments: Any) -> None:
        self.before.append(lambda: work(*arguments))

    def register_after_restore(self, work: Callable[..., Any], *arguments: Any) -> None:
        self.after.append(lambda: work(*arguments))


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    made = Runtime()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", made)
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    return made


def test_a_restored_function_forgets_what_it_saw_and_its_random_numbers(runtime: Runtime) -> None:
    built: list[str] = []
    prepare_for_snapshots(warm=lambda: built.append("warm"), reset=built.clear)

    runtime.before[0]()
    assert built == ["warm"]
    random.seed(7)
    first_copy = [random.random() for _ in range(3)]
    random.seed(7)  # another copy of the same snapshot
    runtime.after[0]()

    assert built == []
    assert [random.random() for _ in range(3)] != first_copy


def test_elsewhere_nothing_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")

    prepare_for_snapshots(warm=lambda: 1 / 0, reset=lambda: 1 / 0)
