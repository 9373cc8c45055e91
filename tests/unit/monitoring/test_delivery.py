"""However a stream cuts and repeats its deliveries, each record is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from functions.archive_predictions.archive_delivery import take_delivery
from functions.archive_predictions.count_stretch import Owned
from functions.archive_predictions.read_records import Record


class CrashError(Exception):
    """The function was killed here."""


@dataclass
class Table:
    """Stretches and counts in memory, written together; dies when `crash` says so."""

    stretches: dict[str, tuple[str, ...]] = field(default_factory=dict)
    counted: list[str] = field(default_factory=list)
    crash: str = ""

    def delivery(self, tenant: str, first: str) -> tuple[str, ...] | None:
        assert first.startswith(f"{tenant}/")
        return self.stretches.get(first)

    def record_delivery(self, tenant: str, members: Sequence[str], chunks: Sequence[Owned]) -> bool:
        self._die("before")
        if members[0] in self.stretches:
            return False
        self.stretches[members[0]] = tuple(members)
        self.counted += members
        self._die("behind")
        return True

    def forward_delivery(self, tenant: str, members: Sequence[str]) -> None:
        self._die("before")
        assert members[0].startswith(f"{tenant}/")
        self.stretches.setdefault(members[0], tuple(members))
        self._die("behind")

    def _die(self, where: str) -> None:
        if self.crash == where:
            raise CrashError


def records(count: int) -> list[Record]:
    """Of two tenants in turn."""
    tenants = ("default", "other")
    return [Record(tenants[n % 2], str(n), "request", f"{tenants[n % 2]}/{n:03d}", {}) for n in range(count)]


outcomes = st.sampled_from(["answered", "answer lost", "before", "behind"])


@given(
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(1, 15), outcomes, st.integers(1, 6)), max_size=40),
)
def test_every_record_is_counted_once(count: int, deliveries: list[tuple[int, str, int]]) -> None:
    # given a stream, deliveries of any length, answers that get lost and functions that die
    stream, table, checkpoint = records(count), Table(), 0
    for size, outcome, stretch in [*deliveries, (count + 1, "answered", 6)]:
        batch = stream[checkpoint : checkpoint + size]
        table.crash = outcome
        try:
            # when they are taken
            take_delivery(table, list(batch), lambda _: ([], 0), stretch_records=stretch)
        except CrashError:
            continue
        # then the stream goes on behind what was answered, and begins again where it was otherwise
        checkpoint += len(batch) if outcome != "answer lost" else 0
    assert sorted(table.counted) == sorted(record.identity for record in stream)


def test_somebody_who_was_faster_is_believed() -> None:
    # given a stretch that is stored by another function while this one counts
    stream, table = records(6), Table()

    def count(stretch: Sequence[Record]) -> tuple[list[Owned], int]:
        if stretch[0] is stream[0]:
            take_delivery(table, stream[:4], lambda _: ([], 0))
        return [], 0

    # when this one comes to write
    result = take_delivery(table, list(stream), count)
    # then it goes on behind the other
    assert result == {"counted": 2, "repeated": 4, "unreadable": 0}
    assert len(table.counted) == 6
