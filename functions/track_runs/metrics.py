"""The history of metrics behind the door."""

from __future__ import annotations

from collections.abc import Sequence

from functions.track_runs import requests as asked
from functions.track_runs import shapes
from functions.track_runs.call import Call, Things, fitting
from functions.track_runs.shapes import Shape
from sluice.domain.errors import NotFound
from sluice.domain.tracking import limits
from sluice.domain.tracking.entities import Point

_MOST_PER_PAGE = 50_000


def history(call: Call, request: asked.MetricHistory) -> str:
    """One answer with every point, or a page where `max_results` asks for one."""
    query = (request.run_id, request.metric_key)
    if request.max_results is None:
        return f'{{"metrics":[{",".join(shapes.metric_texts(_points(call, *query)))}]}}'
    most = limits.check_max_results(request.max_results, _MOST_PER_PAGE)
    points = _ordered(call, request, most)
    page, following = call.page(query, request.page_token, points, most)
    return fitting("metrics", shapes.metric_texts(page), following)


def history_interval(call: Call, request: asked.MetricHistoryInterval) -> Shape:
    """Up to `max_results` points a run, evenly spaced, the first and the last among them."""
    found: list[Shape] = []
    for run_id in dict.fromkeys(request.run_ids):
        points = _points(call, run_id, request.metric_key)
        points.sort(key=lambda point: (point.step, point.timestamp))
        within = [point for point in points if _is_within(point, request)]
        found += [
            {**shapes.metric(point), "run_id": run_id} for point in sampled(within, request.max_results)
        ]
    return {"metrics": found}


def sampled(points: Sequence[Point], most: int) -> Sequence[Point]:
    """At most so many of the points, evenly spaced by place; one alone is the last."""
    if len(points) <= most:
        return points
    if most == 1:
        return points[-1:]
    last = len(points) - 1
    return [points[round(place * last / (most - 1))] for place in range(most)]


def _ordered(call: Call, request: asked.MetricHistory, most: int) -> Things[Point]:
    """Of a following page, the points as they were at the first one, where this function read them then."""
    query = (request.run_id, request.metric_key)
    if request.page_token and (kept := call.histories.find(call.tenant, *query)):
        return kept
    points = _points(call, *query)
    if len(points) > most:
        call.histories.keep(points, call.tenant, *query)
    return points


def _points(call: Call, run_id: str, key: str) -> list[Point]:
    """None of a run that is not there, as MLflow has it: a chart of several runs outlives one of them."""
    try:
        return call.tracking.runs.history(call.tenant, run_id, key)
    except NotFound:
        return []


def _is_within(point: Point, request: asked.MetricHistoryInterval) -> bool:
    low, high = request.start_step, request.end_step
    return (low is None or point.step >= low) and (high is None or point.step <= high)
