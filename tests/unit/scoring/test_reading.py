"""Fast readers of JSON and of rows say what the strict ones say."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.domain.errors import Invalid
from sluice.scoring.invocations import parse_invocation, table_of
from sluice.scoring.json_text import parse_json
from sluice.scoring.manifest import Manifest
from sluice.scoring.number_rows import NumberRows
from sluice.scoring.signature import Table, enforce
from tests.unit.scoring import models

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    text = json.dumps(value)
    assert _alike(parse_json(text.encode()), json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"x": {"a": 1, "a": 2}}',
        '{"x": [{"a": 1, "b": 2}, {"a": 1, "a": 2}]}',
        '[[{"a": 1, "a": 2}]]',
        '[1, {"a": 1, "a": 2}]',
        '{"a": "12:30", "b": 1, "b": 2}',
    ],
)
def test_a_name_twice_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(Invalid, match="twice in one object"):
        parse_json(text.encode())


@pytest.mark.parametrize(
    ("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('[1, [2], {"a":', "}]")]
)
def test_what_nests_deeply_is_read_or_refused(begin: str, end: str) -> None:
    for depth in range(1, 1_100, 27):
        text = begin * depth + "1" + end * depth
        try:
            repr(parse_json(text.encode()))
        except Invalid as error:
            assert "nested too deeply" in str(error)  # noqa: PT017 - either is right
            assert depth > 100


_NAMES = ["a", "b"]
_MANIFEST = Manifest.parse(
    models.credit_manifest(
        b"",
        features=[
            {"name": "a", "dtype": "number", "nullable": True},
            {"name": "b", "dtype": "integer", "nullable": False, "minimum": -1000},
        ],
        explanation={"kind": "none"},
    )
)
_PLAIN = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1)
_ODD = st.sampled_from([2**70, 10**400, math.nan, math.inf, True, False, None, "1", "]]", [1], [], {"a": 1}])


@given(
    st.lists(st.tuples(_PLAIN, _PLAIN), min_size=1, max_size=5), st.sampled_from([(",", ":"), (", ", ": ")])
)
def test_long_rows_of_numbers_are_read_as_one_by_one(some: list[object], marks: tuple[str, str]) -> None:
    rows = some * 700
    for body in _bodies(rows):
        content = json.dumps(body, separators=marks).encode()
        assert isinstance(_rows_of(content), NumberRows) is (find_spec("simdjson") is not None)
        assert _outcome(content) == _outcome_one_by_one(rows)


def test_without_simdjson_long_rows_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[1, 2.5]] * 1_000
    monkeypatch.setitem(sys.modules, "simdjson", None)
    for body in _bodies(rows):
        assert _outcome(json.dumps(body).encode()) == _outcome_one_by_one(rows)


@settings(max_examples=40, deadline=None)
@given(_ODD, st.integers(0, 999), st.integers(0, 1))
def test_whatever_stands_among_long_rows_is_found(odd: object, row: int, place: int) -> None:
    rows: list[Any] = [[1, 2.5] for _ in range(1_000)]
    rows[row][place] = odd
    for body in _bodies(rows):
        assert _outcome(json.dumps(body).encode()) == _outcome_one_by_one(rows)


@pytest.mark.parametrize("row", [[], [1], [1, 2, 3], [[1, 2]], [[1], 2], 5, "12", None, {"a": 1, "b": 2}])
@pytest.mark.parametrize("place", [0, 500, 999])
def test_rows_of_another_shape_are_named(row: object, place: int) -> None:
    rows: list[Any] = [[1, 2.5] for _ in range(1_000)]
    rows[place] = row
    for body in _bodies(rows):
        with pytest.raises(Invalid, match=r"row \d+: expected|expected a number or null, got"):
            enforce(_MANIFEST, _table(json.dumps(body).encode()))


_LONG = json.dumps([[1, 2]] * 1_000).replace(" ", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"instances": %s, "instances": 1}', "twice in one object"),
        ('{"instances": %s, "inputs": 1}', "got instances and inputs"),
        ('{"instances": "%s"}', "expected a list of rows, got str"),
        ('{"instances": "x%sx"}', "expected a list of rows, got str"),
        ('{"instances": {"a": %s}}', "expected a list of rows, got dict"),
        ("{%s: 1}", "is not JSON"),
        ('{"instances": %s', "is not JSON"),
        ('{"instances": 1%s}', "is not JSON"),
        ('{"instances": %s, "params": %s}', "params: expected an object"),
        ('{"instances": 1, "params": %s}', "params: expected an object"),
        ('{"dataframe_records": %s}', "row 0: expected an object, got list"),
        ('{"dataframe_split": {"columns": %s, "data": [[1, 2]]}}', "a list of names"),
        ('{"dataframe_split": {"columns": ["a", "a"], "data": %s}}', "the same name"),
        ('{"dataframe_split": {"columns": ["a", "b"], "data": %s, "data": 1}}', "twice in one object"),
        ('{"dataframe_split": %s}', "columns and data"),
    ],
)
def test_long_rows_in_another_place_are_refused_as_short_ones(text: str, message: str) -> None:
    for rows in (_LONG, "[[1,2]]"):
        with pytest.raises(Invalid, match=message):
            _table(text.replace("%s", rows).encode())


def _bodies(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {"instances": rows},
        {"params": {"entity": "]]"}, "inputs": rows},
        {"dataframe_split": {"index": list(range(len(rows))), "columns": _NAMES, "data": rows}},
    ]


def _rows_of(content: bytes) -> object:
    rows = parse_invocation(content, "").rows
    return rows["data"] if isinstance(rows, dict) else rows


def _table(content: bytes) -> Table:
    return table_of(parse_invocation(content, ""), _MANIFEST)


def _outcome(content: bytes) -> object:
    """The columns, or why there are none."""
    return _enforced(lambda: _table(content))


def _outcome_one_by_one(rows: list[Any]) -> object:
    return _enforced(
        lambda: Table({name: [row[place] for row in rows] for place, name in enumerate(_NAMES)}, len(rows))
    )


def _enforced(table: Callable[[], Table]) -> object:
    try:
        found = enforce(_MANIFEST, table())
    except Invalid as error:
        return str(error)
    return {name: repr(column.tolist()) for name, column in found.columns.items()}


def _alike(found: object, wanted: object) -> bool:
    """Equal, NaN too; a whole number of over 64 bits may have become the nearest double."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and list(found) == list(wanted)
            and all(_alike(found[name], wanted[name]) for name in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_alike, found, wanted))
    if isinstance(wanted, int) and abs(wanted) >= 1 << 63:
        return found in (wanted, float(wanted))
    return repr(found) == repr(wanted)
