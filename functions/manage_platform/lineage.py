"""Lineage: what a thing was made from and what came of it, as far as edges lead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from functions.manage_platform.routes import Call, Json, Route, shown
from sluice.domain.lineage import Edge
from sluice.web.problems import BadRequest

MAXIMUM_EDGES = 200


@dataclass(frozen=True, slots=True)
class Lineage:
    """`upstream`: edges that lead to the node; `downstream`: edges that lead from it. Nearest first.

    `truncated`: there are more than 200 in a direction.
    """

    node: str
    upstream: tuple[Edge, ...]
    downstream: tuple[Edge, ...]
    truncated: bool


def show(call: Call) -> Json:
    node = call.query.get("node", "")
    if ":" not in node:
        raise BadRequest("node must be given as kind:id, for example model:credit/1")
    project, store = call.project, call.platform.lineage
    upstream, more_up = _follow(
        node, lambda at: store.incoming(call.tenant, project, at), lambda edge: edge.source
    )
    downstream, more_down = _follow(
        node, lambda at: store.outgoing(call.tenant, project, at), lambda edge: edge.target
    )
    return shown(Lineage(node, tuple(upstream), tuple(downstream), more_up or more_down))


def _follow(
    start: str, edges_at: Callable[[str], list[Edge]], beyond: Callable[[Edge], str]
) -> tuple[list[Edge], bool]:
    """Edges in the order of their distance, each once; and whether the limit cut some off."""
    found: list[Edge] = []
    seen, waiting = {start}, deque([start])
    while waiting:
        for edge in edges_at(waiting.popleft()):
            if len(found) == MAXIMUM_EDGES:
                return found, True
            found.append(edge)
            if (following := beyond(edge)) not in seen:
                seen.add(following)
                waiting.append(following)
    return found, False


ROUTES = (
    Route(
        "GET",
        "/projects/{project}/lineage",
        "lineage.read",
        "What a thing was made from, and what came of it",
        show,
        answer=Lineage,
        query=("node",),
    ),
)
