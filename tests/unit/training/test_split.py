"""A row's side never changes, whatever else is in the file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import Invalid
from sluice.domain.frames import Frame, take
from sluice.domain.split import Sides, SplitRule, is_test_row, row_hashes, rows_digest

BY_HASH = SplitRule("hash", test_fraction=0.3)


def frame(n: int = 1_000) -> Frame:
    return {
        "id": np.asarray([f"A{number}" for number in range(n)]),
        "x": np.arange(n, dtype=np.float64),
        "at": np.asarray(
            [f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}.000000" for number in range(n)]
        ),
    }


@given(st.permutations(range(60)))
def test_order_and_company_do_not_change_a_rows_side(order: list[int]) -> None:
    rows = frame(60)
    sides = is_test_row(rows, row_hashes(rows, ["id"], "p"), BY_HASH)

    shuffled = take(rows, np.asarray(order[:50]))
    again = is_test_row(shuffled, row_hashes(shuffled, ["id"], "p"), BY_HASH)

    assert (again == sides[np.asarray(order[:50])]).all()


def test_the_fraction_is_about_what_was_asked_for() -> None:
    rows = frame(20_000)

    share = is_test_row(rows, row_hashes(rows, ["id"], "p"), BY_HASH).mean()

    assert share == pytest.approx(0.3, abs=0.01)


def test_projects_draw_independently() -> None:
    rows = frame(2_000)

    one = is_test_row(rows, row_hashes(rows, ["id"], "one"), BY_HASH)
    two = is_test_row(rows, row_hashes(rows, ["id"], "two"), BY_HASH)

    assert (one & two).mean() == pytest.approx(0.09, abs=0.03)


def test_equal_rows_are_on_one_side() -> None:
    rows = {"a": np.asarray(["x", "x", "y"]), "b": np.asarray([1.0, 1.0, 1.0])}

    hashes = row_hashes(rows, ["a", "b"], "p")

    assert hashes[0] == hashes[1] != hashes[2]


def test_values_do_not_run_into_each_other() -> None:
    rows = {"a": np.asarray(["xy", "x"]), "b": np.asarray(["z", "yz"])}

    hashes = row_hashes(rows, ["a", "b"], "p")

    assert hashes[0] != hashes[1]


def test_time_and_row_cut_where_they_say() -> None:
    rows = frame(100)
    hashes = row_hashes(rows, ["id"], "p")

    by_time = is_test_row(rows, hashes, SplitRule("time", column="at", cutoff="2026-01-01T00:01:00"))
    by_row = is_test_row(rows, hashes, SplitRule("row", cutoff_row=60))

    assert by_time.tolist() == by_row.tolist() == [number >= 60 for number in range(100)]


@pytest.mark.parametrize("cutoff", [100, 5_000])
def test_an_empty_side_is_refused(cutoff: int) -> None:
    rows = frame(100)

    with pytest.raises(Invalid) as refused:
        is_test_row(rows, row_hashes(rows, ["id"], "p"), SplitRule("row", cutoff_row=cutoff))

    assert refused.value.reasons[0].path == "evaluation.split"


def test_a_set_of_rows_has_one_digest() -> None:
    hashes = row_hashes(frame(10), ["id"], "p")

    assert rows_digest(hashes) == rows_digest(hashes[::-1])
    assert rows_digest(hashes) != rows_digest(hashes[1:])


def test_sides_survive_storage() -> None:
    sides = Sides(np.asarray([0.0, 1.0, 2.0]), row_hashes(frame(3), ["id"], "p"))

    stored = Sides.from_bytes(sides.to_bytes())

    assert (stored.of_row == sides.of_row).all()
    assert (stored.hashes == sides.hashes).all()
    assert stored.train.tolist() == [True, False, False]
