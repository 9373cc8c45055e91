from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.counts import Counts
from sluice.domain.histograms import Bins, bins_for, category_bins, number_bins

counts = st.dictionaries(st.sampled_from(["rows", "labels", "feature/age"]), st.just(1), min_size=0).flatmap(
    lambda names: st.fixed_dictionaries(
        {name: st.lists(st.integers(0, 99), min_size=3, max_size=3).map(tuple) for name in names}
    ).map(Counts)
)


def as_numbers(value: Counts) -> dict[str, tuple[float, ...]]:
    """Vectors that are all zero say the same as absent ones."""
    return {name: vector for name, vector in value.parts.items() if any(vector)}


@given(counts, counts, counts)
def test_counts_add_up_in_any_order_and_grouping(one: Counts, two: Counts, three: Counts) -> None:
    assert as_numbers(one + (two + three)) == as_numbers((three + one) + two)


@given(counts, counts)
def test_a_window_is_the_difference_of_two_totals(before: Counts, window: Counts) -> None:
    assert as_numbers((before + window) - before) == as_numbers(window)


@given(counts)
def test_counts_come_back_from_their_bytes(value: Counts) -> None:
    assert Counts.from_bytes(value.to_bytes()) == value


def test_numbers_fall_into_quantiles_of_the_reference() -> None:
    # given a thousand different numbers
    bins = number_bins(np.arange(1000.0))
    # when they are counted themselves
    counted = bins.count(np.arange(1000.0))
    # then ten bins hold a tenth each (the smallest value stands alone), and nothing lies outside
    assert bins.edges[0] == 0.0
    assert bins.edges[-1] == 999.0
    assert counted[0] == 1
    assert all(99 <= count <= 101 for count in counted[1:11])
    assert counted[11:].tolist() == [0, 0]


def test_values_outside_the_reference_and_missing_ones_have_slots_of_their_own() -> None:
    bins = number_bins(np.array([1.0, 2.0, 3.0]))
    counted = bins.count(np.array([0.5, 4.0, np.nan, np.inf]))
    assert dict(zip(bins.labels, counted.tolist(), strict=True)) == {
        "<= 1": 1,
        "(1, 2]": 0,
        "(2, 3]": 0,
        "> 3": 2,
        "(missing)": 1,
    }


def test_a_value_that_fills_many_quantiles_is_one_bin() -> None:
    # given a column that is -1 in nine of ten rows
    values = np.array([-1.0] * 900 + list(range(100)))
    counted = number_bins(values).count(values)
    assert counted[0] == 900
    assert counted.sum() == 1000


def test_a_constant_column_notices_another_value_on_either_side() -> None:
    bins = number_bins(np.full(50, 5.0))
    assert bins.count(np.array([5.0, 6.0])).tolist() == [1, 1, 0]


def test_a_column_of_nothing_counts_everything_as_missing() -> None:
    bins = number_bins(np.full(5, np.nan))
    assert bins.count(np.full(3, np.nan))[-1] == 3


def test_categories_beyond_the_top_fifty_are_others() -> None:
    # given sixty categories, the first ones more frequent
    values = [f"c{number:02d}" for number in range(60) for _ in range(60 - number)]
    bins = category_bins(values)
    # when a known, a rare, an unseen and a missing value are counted
    counted = bins.count(np.array(["c00", "c59", "new", ""]))
    assert len(bins.categories) == 50
    assert bins.categories[0] == "c00"
    assert counted[0] == 1
    assert counted[-2:].tolist() == [2, 1]


def test_equally_frequent_categories_are_ordered_by_name() -> None:
    assert category_bins(["b", "a", "c"]).categories == ("a", "b", "c")


def test_bins_come_back_from_json() -> None:
    for bins in (bins_for("string", np.array(["x", "y"])), bins_for("boolean", np.array([0.0, 1.0]))):
        assert Bins.from_json(bins.to_json()) == bins
