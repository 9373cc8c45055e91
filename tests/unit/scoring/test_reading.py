"""Fast readers of JSON and of rows say what the strict ones say."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.errors import Invalid
from sluice.scoring.json_text import parse_json
from sluice.scoring.manifest import Manifest
from sluice.scoring.signature import Table, enforce
from sluice.scoring.tables import from_rows
from tests.unit.scoring import models

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
_CELLS = st.sampled_from([0, 1, 1.0, 0.0, -2.5, 2**70, 10**400, math.nan, math.inf, True, False, None, "1"])


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


_ROWS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=4)
)


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


@given(_ROWS)
def test_rows_of_numbers_are_read_as_one_by_one(rows: list[list[object]]) -> None:
    names = [f"f{place}" for place in range(len(rows[0]))]
    manifest = _manifest(names)
    one_by_one = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    assert _outcome(manifest, from_rows(names, rows)) == _outcome(manifest, Table(one_by_one, len(rows)))


def _manifest(names: list[str]) -> Manifest:
    features = [{"name": name, "dtype": "number", "nullable": True} for name in names]
    return Manifest.parse(models.credit_manifest(b"", features=features, explanation={"kind": "none"}))


def _outcome(manifest: Manifest, table: Table) -> object:
    """The columns, or why there are none."""
    try:
        found = enforce(manifest, table)
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
