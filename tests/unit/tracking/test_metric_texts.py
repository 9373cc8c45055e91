from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from functions.track_runs import shapes
from sluice.domain.tracking.entities import Point, Series
from tests.unit.tracking.test_points import POINT


@given(st.lists(POINT, max_size=10))
def test_a_long_history_is_written_as_every_other_answer(points: list[Point]) -> None:
    want = json.dumps([shapes.metric(point) for point in points], separators=(",", ":"))
    assert f"[{','.join(shapes.metric_texts(points))}]" == want


def test_a_key_may_look_like_what_stands_around_it() -> None:
    point = Point(Series(',"value":0.0,"timestamp":0,"step":0'), 1.5, 2, 3)
    assert [json.loads(text) for text in shapes.metric_texts([point])] == [shapes.metric(point)]
