"""How far a transfer is: a bar for each kind on a terminal, a line now and then elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from sluice.cli import show
from sluice.client.transfer import Watcher

_EVERY_SECONDS = 5.0


class _Lines:
    """Prints where it stands every few seconds; nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._last = quiet, time.monotonic()
        self._expected: Counter[str] = Counter()
        self._done: Counter[str] = Counter()

    def expect(self, kind: str, count: int) -> None:
        self._expected[kind] += count

    def done(self, kind: str) -> None:
        self._done[kind] += 1
        now = time.monotonic()
        if not self._quiet and now - self._last > _EVERY_SECONDS:
            self._last = now
            show.errors().print(f"{self._done[kind]} of {self._expected[kind]} {kind}")


class _Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def expect(self, kind: str, count: int) -> None:
        if kind not in self._tasks:
            self._tasks[kind] = self._progress.add_task(kind, total=0)
        task = self._tasks[kind]
        total = self._progress.tasks[task].total or 0
        self._progress.update(task, total=total + count)

    def done(self, kind: str) -> None:
        self._progress.advance(self._tasks[kind])


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watcher]:
    """A watcher for the time of a transfer; it writes to standard error."""
    if quiet or not sys.stderr.isatty():
        yield _Lines(quiet=quiet)
        return
    columns = (TextColumn("{task.description:>17}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=show.errors()) as progress:
        yield _Bars(progress)
