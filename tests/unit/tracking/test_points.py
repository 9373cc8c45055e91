from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.tracking.entities import Point, Series
from sluice.domain.tracking.points import distinct, from_text, is_stored, latest_of, pack, to_text, unpack

_LONG = st.integers(-(2**62), 2**62)
POINT = st.builds(
    Point,
    st.builds(
        Series, st.text(min_size=1, max_size=5), st.text(max_size=3), st.text(max_size=3), st.text(max_size=3)
    ),
    st.floats(),
    _LONG,
    _LONG,
)


def same(one: Point, other: Point) -> bool:
    return repr(one) == repr(other)


@given(st.lists(POINT, max_size=30))
def test_what_is_packed_is_unpacked(points: list[Point]) -> None:
    assert repr(unpack(pack(points))) == repr(points)


@given(POINT)
def test_a_point_survives_the_tail(point: Point) -> None:
    assert same(from_text(to_text(point)), point)
    stored = to_text(point, stored=True)
    assert same(from_text(stored), point)
    assert (is_stored(stored), is_stored(to_text(point))) == (True, False)


@given(st.lists(POINT, max_size=12), st.integers(0, 12))
def test_latest_values_merge_in_any_order_any_number_of_times(points: list[Point], cut: int) -> None:
    once = latest_of(points)
    again = latest_of(points[:cut], latest_of(points[cut:], latest_of(points)))
    assert {series: repr(point[1:]) for series, point in once.items()} == {
        series: repr(point[1:]) for series, point in again.items()
    }


@given(st.lists(POINT, max_size=12))
def test_one_key_is_unpacked_alone(points: list[Point]) -> None:
    for key in {point.series.key for point in points} | {"another"}:
        assert repr(unpack(pack(points), key)) == repr([point for point in points if point.series.key == key])


def test_the_same_point_twice_is_one_and_points_come_by_time() -> None:
    series = Series("m")
    late, early = Point(series, math.nan, 2, 0), Point(series, 1.0, 1, 9)
    got = distinct([late, early, late, Point(series, math.nan, 2, 0)])
    assert [point.timestamp for point in got] == [1, 2]
