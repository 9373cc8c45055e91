"""MLflow's scoring protocol: the same rows in every shape, and precise refusals."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.domain.errors import Invalid
from sluice.scoring.invocations import UnsupportedMediaType, parse_invocation, table_of
from sluice.scoring.manifest import Manifest
from sluice.scoring.plain import decode_plain
from sluice.scoring.signature import Table, enforce
from tests.unit.scoring import models

MANIFEST = Manifest.parse(models.credit_manifest(b""))
ROWS = [{"age": 30, "purpose": "car", "foreign": True}, {"age": None, "purpose": "boat", "foreign": False}]
LISTS = [[30, "car", True], [None, "boat", False]]
COLUMNS: dict[str, list[object]] = {"age": [30, None], "purpose": ["car", "boat"], "foreign": [True, False]}


def read(body: object, content_type: str = "application/json") -> Table:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return table_of(parse_invocation(content, content_type), MANIFEST)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": ROWS},
        {"dataframe_split": {"columns": list(COLUMNS), "data": LISTS}},
        {"dataframe_split": {"index": [7, 9], "columns": list(COLUMNS), "data": LISTS}},
        {"instances": ROWS},
        {"instances": LISTS},
        {"inputs": COLUMNS},
        {"inputs": {name: [[cell] for cell in cells] for name, cells in COLUMNS.items()}},
        {"inputs": LISTS},
    ],
)
def test_every_shape_says_the_same(body: object) -> None:
    assert read(body) == Table(COLUMNS, 2)


def test_csv_says_the_same() -> None:
    content = b'\xef\xbb\xbfage,purpose,foreign\r\n30,car,true\r\n,"boat",false\r\n'

    rows = enforce(MANIFEST, read(content, "text/csv; charset=utf-8"))

    assert rows.columns["foreign"].tolist() == [1.0, 0.0]
    assert rows.columns["purpose"].tolist() == ["car", "boat"]


def test_people_may_send_one_object_or_several() -> None:
    assert decode_plain(json.dumps(ROWS).encode()) == Table(COLUMNS, 2)
    assert decode_plain(json.dumps(ROWS[0]).encode()).rows == 1


def test_params_choose_the_output_and_the_entity() -> None:
    body = {"instances": ROWS, "params": {"output": "probability", "entity": "customer-7"}}

    invocation = parse_invocation(json.dumps(body).encode(), "")

    assert (invocation.output, invocation.entity) == ("probability", "customer-7")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\xff", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[1]", "must be a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"instances": [], "instances": []}', "'instances' twice"),
        ({}, "got none"),
        ({"instances": ROWS, "inputs": ROWS}, "got instances and inputs"),
        ({"instances": ROWS, "extra": 1}, "'extra'"),
        ({"instances": []}, "expected a list of rows, got none"),
        ({"instances": 5}, "got int"),
        ({"instances": [[1, "car"]]}, "row 0: expected 3 values, got 2"),
        ({"instances": [LISTS[0], [1]]}, "row 1: expected 3 values, got 1"),
        ({"instances": [ROWS[0], 5]}, "row 1: expected an object, got int"),
        ({"dataframe_records": {"age": 1}}, "expected a list of objects"),
        ({"dataframe_split": {"data": LISTS}}, "columns and data"),
        ({"dataframe_split": {"columns": [1], "data": LISTS}}, "a list of names"),
        ({"dataframe_split": {"columns": ["age", "age"], "data": [[1, 2]]}}, "the same name"),
        ({"inputs": {"age": [1], "purpose": ["car", "boat"]}}, "different lengths: age 1, purpose 2"),
        ({"inputs": {"age": 5}}, "age: expected a list, got int"),
        ({"inputs": {}}, "one list a column"),
        ({"instances": ROWS, "params": 5}, "params: expected an object"),
        ({"instances": ROWS, "params": {"output": "odds"}}, "params.output: expected label or probability"),
        ({"instances": ROWS, "params": {"entity": 5}}, "params.entity"),
        ({"instances": ROWS, "params": {"temperature": 1}}, "output and entity at most"),
    ],
)
def test_what_is_no_request_is_refused_precisely(body: object, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(body)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "header line"),
        (b"age,purpose,foreign\n", "header line"),
        (b"age,purpose\n1\n", "row 0: expected 2 values, got 1"),
        (b"age,age\n1,2\n", "the same name"),
        (b'age\n"1', "not CSV"),
        (b"age\n\xff", "not UTF-8"),
    ],
)
def test_what_is_no_csv_is_refused_precisely(content: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(content, "text/csv")


@pytest.mark.parametrize(
    "content_type", ["application/xml", "application/json; charset=latin-1", "image/png"]
)
def test_other_content_types_are_not_supported(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read({"instances": ROWS}, content_type)


def test_a_regression_has_no_probabilities() -> None:
    manifest = Manifest.parse(models.value_manifest(b""))
    invocation = parse_invocation(b'{"instances": [[1]], "params": {"output": "probability"}}', "")

    with pytest.raises(Invalid, match="no probabilities"):
        table_of(invocation, manifest)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["age", "purpose", "foreign", "columns", "data", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs"]), body=JSON)
def test_whatever_json_comes_is_read_or_refused(kind: str, body: object) -> None:
    try:
        rows = enforce(MANIFEST, read({kind: body}))
    except Invalid:
        return
    assert {len(column) for column in rows.columns.values()} == {rows.count}


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=60) | st.text(alphabet='agepurosfin,"\n\r 1\x00', max_size=60).map(str.encode)
)
def test_whatever_csv_comes_is_read_or_refused(content: bytes) -> None:
    try:
        enforce(MANIFEST, read(content, "text/csv"))
    except Invalid:
        return
