from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.clock import format_time
from sluice.domain.counts import Counts
from sluice.domain.drift import Level, Thresholds, WindowDrift, measure_drift
from sluice.domain.monitor import Chunk, Monitor, WindowRule, next_step
from sluice.domain.policy import Policy, decide
from sluice.domain.quality import Quality, Verdict
from tests.unit.monitoring.builders import baseline_of, columns_of, window_of

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
RULE = WindowRule(rows=300, hours=24, minimum_rows=200)


def chunk(number: int, *, rows: int = 0, labels: int = 0) -> Chunk:
    at = format_time(START + timedelta(seconds=number))
    return Chunk(
        "credit", "production", 1, f"{at}#{number}", Counts({"rows": (rows,), "labels": (labels,)}), at
    )


def fresh() -> Monitor:
    return Monitor("credit", "production", 1)


def test_a_window_waits_for_its_rows() -> None:
    step = next_step(fresh(), [chunk(1, rows=100), chunk(2, rows=100)], RULE, more=False)
    assert not step.closes
    assert step.monitor.rows_open == 200


def test_labels_that_came_before_the_next_rows_belong_to_the_window() -> None:
    # given a full window, its labels behind it, and the rows of the next one
    waiting = [chunk(n, rows=100) for n in range(3)]
    waiting += [chunk(n, labels=100) for n in range(3, 6)]
    waiting += [chunk(6, rows=100)]
    # when chunks are taken in
    step = next_step(fresh(), waiting, RULE, more=False)
    # then it closes before the next rows, with its labels
    assert step.closes
    assert (step.monitor.rows_open, step.monitor.labels_open) == (300, 300)
    assert step.chunks == tuple(waiting[:6])


def test_a_full_window_stays_open_while_more_chunks_are_to_be_read() -> None:
    step = next_step(fresh(), [chunk(n, rows=100) for n in range(3)], RULE, more=True)
    assert not step.closes


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)), max_size=30), st.integers(1, 7))
def test_every_chunk_is_taken_in_once_however_they_are_read(sizes: list[tuple[int, int]], page: int) -> None:
    # given chunks that are read page by page, windows closing on the way
    waiting = [chunk(n, rows=rows, labels=labels) for n, (rows, labels) in enumerate(sizes)]
    monitor, windows = fresh(), []
    while True:
        step = next_step(monitor, waiting[:page], RULE, more=len(waiting) > page)
        monitor, waiting = step.monitor, waiting[len(step.chunks) :]
        if step.closes:
            windows.append(monitor.rows_open)
            monitor = replace(monitor, opened=monitor.total, opened_at=None)
        if not step.closes and not waiting:
            break
    # then nothing is lost or counted twice, and no window is short or takes more than one chunk too many
    assert monitor.total.rows == sum(rows for rows, _ in sizes)
    assert monitor.total.labels == sum(labels for _, labels in sizes)
    assert all(300 <= rows < 450 for rows in windows)
    assert sum(windows) + monitor.rows_open == monitor.total.rows


def test_time_closes_a_window_that_has_rows_enough() -> None:
    monitor = fresh().with_chunk(chunk(0, rows=200))
    assert not monitor.may_close(RULE, START + timedelta(hours=23), requested=False)
    assert monitor.may_close(RULE, START + timedelta(hours=24), requested=False)
    assert monitor.may_close(RULE, START, requested=True)


def test_neither_time_nor_a_request_closes_a_window_with_too_few_rows() -> None:
    monitor = fresh().with_chunk(chunk(0, rows=199))
    assert not monitor.may_close(RULE, START + timedelta(days=9), requested=True)
    assert not fresh().may_close(RULE, START, requested=True)


def test_labels_too_few_for_one_window_count_for_the_next() -> None:
    # given a window that closed with ten labels nobody judged
    monitor = fresh().with_chunk(chunk(0, rows=300, labels=10))
    closed = replace(monitor, opened=monitor.total, windows=1)
    # when more labels come
    later = closed.with_chunk(chunk(1, rows=50, labels=300))
    # then all of them are open, and the rows of the old window are not
    assert later.window.labels == 310
    assert later.window.rows == 50


def drift_with(inputs: Level, prediction: Level) -> WindowDrift:
    quiet = measure_drift(baseline_of(), window_of(columns_of(1500, seed=2)), Thresholds())
    return replace(quiet, inputs=inputs, prediction=replace(quiet.prediction, level=prediction))


POLICY = Policy(enabled=True, input_alarms_in_a_row=2, minimum_new_labels=500)


@pytest.mark.parametrize(
    ("prediction", "input_alarms", "verdict", "labels", "champion", "retrain"),
    [
        ("alarm", 0, "worse", 500, True, True),
        ("ok", 2, "worse", 500, True, True),
        ("ok", 1, "worse", 500, True, False),
        ("warn", 1, "worse", 500, True, False),
        ("alarm", 2, "inside", 500, True, False),
        ("alarm", 2, "too_few_labels", 500, True, False),
        ("alarm", 2, "better", 500, True, False),
        ("alarm", 2, "worse", 499, True, False),
        ("alarm", 2, "worse", 500, False, False),
    ],
)
def test_retraining_needs_drift_and_harm_and_labels(
    prediction: Level, input_alarms: int, verdict: Verdict, labels: int, champion: bool, retrain: bool
) -> None:
    decision = decide(
        POLICY,
        drift_with("alarm" if input_alarms else "ok", prediction),
        Quality(verdict, "brier", labels, ()),
        champion=champion,
        input_alarms=input_alarms,
        new_labels=labels,
    )
    assert decision.retrain is retrain


def test_a_policy_that_is_switched_off_never_asks() -> None:
    decision = decide(
        replace(POLICY, enabled=False),
        drift_with("alarm", "alarm"),
        Quality("worse", "brier", 900, ()),
        champion=True,
        input_alarms=3,
        new_labels=900,
    )
    assert [clause.name for clause in decision.clauses if not clause.holds] == ["enabled"]
