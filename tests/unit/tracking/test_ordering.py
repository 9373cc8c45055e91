"""The order of search results, MLflow's own sorter beside ours."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.domain.errors import Invalid
from sluice.domain.tracking import grammars
from sluice.domain.tracking.ordering import Order, ordered, parse_order

_RUN = st.fixed_dictionaries(
    {
        "start_time": st.integers(0, 3),
        "metrics": st.dictionaries(st.sampled_from(["a", "b"]), st.floats(allow_infinity=False), max_size=2),
        "params": st.dictionaries(st.sampled_from(["p"]), st.text(max_size=2), max_size=1),
    }
)
_ORDERS = st.lists(
    st.sampled_from(
        [
            "metrics.a DESC",
            "metrics.b",
            "params.p DESC",
            "params.p asc",
            "start_time ASC",
            "attribute.start_time DESC",
        ]
    ),
    max_size=3,
)


def look(run: Any) -> Any:
    def lookup(kind: str, key: str) -> Any:
        return run[kind + "s"].get(key) if kind in {"metric", "param"} else run[key]

    return lookup


@settings(max_examples=200, deadline=None)
@given(st.lists(_RUN, max_size=8), _ORDERS)
def test_runs_are_ordered_as_mlflow_orders_them(runs: list[dict[str, Any]], orders: list[str]) -> None:
    from mlflow.utils.search_utils import SearchUtils

    numbered = [{**run, "run_id": f"{number:02d}"} for number, run in enumerate(runs)]
    theirs = SearchUtils.sort(  # type: ignore[no-untyped-call]
        [
            SimpleNamespace(
                info=SimpleNamespace(run_id=run["run_id"], start_time=run["start_time"]),
                data=SimpleNamespace(metrics=run["metrics"], params=run["params"]),
                run_id=run["run_id"],
            )
            for run in numbered
        ],
        orders,
    )
    default = sorted(numbered, key=lambda run: (-run["start_time"], run["run_id"]))
    ours = ordered(default, [parse_order(order, grammars.RUNS) for order in orders], look)
    assert [run["run_id"] for run in ours] == [run.run_id for run in theirs]


@pytest.mark.parametrize("ascending", [True, False])
def test_values_then_nan_then_missing(ascending: bool) -> None:
    values = [None, math.nan, math.inf, 1.0, -math.inf]
    got = ordered(values, [Order("metric", "m", ascending)], lambda value: lambda kind, key: value)
    numbers = [-math.inf, 1.0, math.inf] if ascending else [math.inf, 1.0, -math.inf]
    assert got[:3] == numbers
    assert math.isnan(got[3] or 0)
    assert got[4] is None


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("metrics.`a b` DESC", Order("metric", "a b", False)),
        ('params."x"', Order("param", "x")),
        ("Created desc", Order("attribute", "start_time", False)),
        ("attributes.end_time ASC", Order("attribute", "end_time")),
        ("tags.mlflow.runName asc", Order("tag", "mlflow.runName")),
    ],
)
def test_how_an_order_is_written(text: str, order: Order) -> None:
    assert parse_order(text, grammars.RUNS) == order


@pytest.mark.parametrize(
    "text", ["", "metrics.a DOWN", "metrics.a ASC DESC", "x.y", "nothing", "datasets.name", "1"]
)
def test_what_is_no_order(text: str) -> None:
    with pytest.raises(Invalid):
        parse_order(text, grammars.RUNS)
