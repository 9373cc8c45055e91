"""What monitoring remembers of a model version in an environment, and when its window closes.

A window is the difference of two totals: everything counted by its end, and everything counted when it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.clock import parse_time
from sluice.domain.counts import Counts


@dataclass(frozen=True, slots=True)
class Chunk:
    """Counts of some neighbouring ledger records of one model version, written once.

    `chunk_id` begins with the time of the first record, so chunks sort as they were scored. `objects`:
    where those records are archived.
    """

    project: str
    environment: str
    model_version: int
    chunk_id: str
    counts: Counts
    first_at: str
    objects: tuple[ArtefactRef, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowRule:
    """A window closes at `rows`, or after `hours` with at least `minimum_rows`."""

    rows: int
    hours: int
    minimum_rows: int


@dataclass(frozen=True, slots=True)
class Monitor:
    """`total`: all that was counted. `opened`: the total when the open window began. `judged`: the total
    when labelled quality was last judged, so that labels too few for one window count for the next.
    `windows`: how many have closed. `input_alarms`: closed windows in a row with an input alarm.
    `labels_at_request`: labels known when retraining was last asked for.
    """

    project: str
    environment: str
    model_version: int
    total: Counts = field(default_factory=Counts)
    opened: Counts = field(default_factory=Counts)
    judged: Counts = field(default_factory=Counts)
    opened_at: str | None = None
    windows: int = 0
    input_alarms: int = 0
    labels_at_request: int = 0
    rev: int = 0

    @property
    def rows_open(self) -> int:
        return self.total.rows - self.opened.rows

    @property
    def labels_open(self) -> int:
        return self.total.labels - self.judged.labels

    @property
    def window(self) -> Counts:
        """What the open window holds: its rows, and the labels nobody has judged yet."""
        rows = (self.total - self.opened).about_rows()
        return rows + (self.total - self.judged).about_labels()

    def with_chunk(self, chunk: Chunk) -> Monitor:
        began = chunk.first_at if chunk.counts.rows else None
        return replace(self, total=self.total + chunk.counts, opened_at=self.opened_at or began)

    def may_close(self, rule: WindowRule, now: datetime, *, requested: bool) -> bool:
        """Whether the open window has rows enough, and its time has come or somebody asks for it."""
        if self.opened_at is None or self.rows_open < rule.minimum_rows:
            return False
        return requested or now - parse_time(self.opened_at) >= timedelta(hours=rule.hours)


@dataclass(frozen=True, slots=True)
class Step:
    """The monitor after these chunks, and whether its window closes with them."""

    monitor: Monitor
    chunks: tuple[Chunk, ...]
    closes: bool


def next_step(monitor: Monitor, waiting: Sequence[Chunk], rule: WindowRule, *, more: bool) -> Step:
    """Take chunks up to the end of the window. `more`: further chunks wait behind these.

    A full window waits for the next scored rows before it closes, as long as there is something to take:
    labels that came before them belong to it.
    """
    taken: list[Chunk] = []
    for chunk in waiting:
        if monitor.rows_open >= rule.rows and chunk.counts.rows:
            return Step(monitor, tuple(taken), closes=True)
        monitor = monitor.with_chunk(chunk)
        taken.append(chunk)
    return Step(monitor, tuple(taken), closes=not more and monitor.rows_open >= rule.rows)
