"""Columns hold what rows say, give cells as MLflow means them, and notice what is damaged."""

from __future__ import annotations

import math
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.tracking.columns import Row, columns_of, pack, unpack
from sluice.domain.tracking.entities import LargeValue, Point, Series

texts = st.text(max_size=8)
values = texts | st.builds(LargeValue, texts, st.integers(1, 9))
series = st.builds(Series, texts, texts, texts)
whole = st.integers(-(2**63), 2**63 - 1)
points = st.builds(Point, series, st.floats(allow_nan=False), whole, whole)
rows = st.builds(
    Row,
    texts,
    st.dictionaries(st.sampled_from(["status", "start_time", "end_time"]), texts | st.integers(0, 2**50)),
    st.dictionaries(texts, values),
    st.dictionaries(texts, values),
    st.lists(points, max_size=5),
    texts,
)


@given(st.lists(rows, max_size=8))
def test_what_is_packed_comes_back(given_rows: list[Row]) -> None:
    columns = unpack(pack(columns_of(given_rows)))

    assert list(columns.rows()) == given_rows
    assert columns.attribute("status") == [row.fields.get("status") for row in given_rows]
    for key in {key for row in given_rows for key in row.params}:
        assert columns.pairs("param", key) == [row.params.get(key) for row in given_rows]


def test_a_metric_is_the_newest_of_its_key_and_missing_where_there_is_none() -> None:
    older, newer = Point(Series("auc", "m-1"), 0.5, 9, 1), Point(Series("auc"), 0.7, 1, 2)
    odd = Point(Series("auc"), math.nan, 1, 2)
    columns = columns_of(
        [
            _row("a", [newer, older]),
            _row("b"),
            _row("c", [Point(Series("loss"), 1.0, 1, 1)]),
            _row("d", [odd]),
        ]
    )

    assert columns.metric("auc")[:3] == [0.7, None, None]
    assert math.isnan(columns.metric("auc")[3] or 0)
    assert columns.metric("auc", holds=lambda one: one.linked_id == "m-1") == [0.5, None, None, None]
    assert columns.metric(None, holds=lambda one: one.key == "loss") == [None, None, 1.0, None]


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"no zlib",
        zlib.compress(b"\x02\0\0\0{}"),
        pack(columns_of([])).replace(b"x", b"y", 1),
        zlib.compress(zlib.decompress(pack(columns_of([Row("a", {}, {}, {}, [])])))[:-1]),
        zlib.compress(zlib.decompress(pack(columns_of([]))).replace(b'"format":1', b'"format":0')),
    ],
)
def test_what_is_damaged_or_of_another_release_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(damaged)


def test_equal_values_are_held_once() -> None:
    columns = columns_of(_row(f"r{number}") for number in range(1_000))

    assert len(columns.values) < 1_010
    assert sys.getsizeof(columns.fields["status"]) < 10_000


def _row(name: str, measured: list[Point] | None = None) -> Row:
    return Row(name, {"status": "FINISHED"}, {"depth": "3"}, {"team": "a"}, measured or [])
