"""The Open Inference Protocol as tritonclient speaks it, both ways, and precise refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

from sluice.domain.errors import Invalid
from sluice.scoring.manifest import Manifest
from sluice.scoring.model import Scores
from sluice.scoring.oip import encode_infer, model_metadata, parse_infer, table_of, wanted_outputs
from sluice.scoring.signature import Table, enforce
from tests.unit.scoring import models

MANIFEST = Manifest.parse(models.credit_manifest(b""))
GOOD = [
    {"name": "age", "shape": [2, 1], "datatype": "FP64", "data": [30, None]},
    {"name": "purpose", "shape": [2], "datatype": "BYTES", "data": ["car", "boat"]},
    {"name": "foreign", "shape": [2, 1], "datatype": "BOOL", "data": [[True], [False]]},
]
SCORES = Scores(2, probabilities=np.array([[0.75, 0.25], [0.5, 0.5]]), labels=np.array(["0", "1"]))


def read(body: object, tail: bytes = b"", header_length: int | None = None) -> Table:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = header_length if header_length is not None else (len(content) if tail else None)
    return table_of(parse_infer(content + tail, length), MANIFEST)


def triton_inputs(*, binary: bool, dtype: str = "FP32") -> list[InferInput]:
    ages = np.array(
        [[30.0], [np.nan]], dtype={"FP16": np.float16, "FP32": np.float32, "FP64": np.float64}[dtype]
    )
    columns = [
        ("age", dtype, ages),
        ("purpose", "BYTES", np.array([["car"], ["Zürich"]], dtype=object)),
        ("foreign", "BOOL", np.array([[True], [False]])),
    ]
    inputs = []
    for name, datatype, values in columns:
        tensor = InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=binary)
        inputs.append(tensor)
    return inputs


@pytest.mark.parametrize("dtype", ["FP16", "FP32", "FP64"])
def test_tritonclient_sends_binary_tensors(dtype: str) -> None:
    content, header_length = InferenceServerClient.generate_request_body(
        triton_inputs(binary=True, dtype=dtype)
    )

    body = parse_infer(content, header_length)
    rows = enforce(MANIFEST, table_of(body, MANIFEST))

    assert np.array_equal(rows.columns["age"], [30.0, np.nan], equal_nan=True)
    assert rows.columns["purpose"].tolist() == ["car", "Zürich"]
    assert rows.columns["foreign"].tolist() == [1.0, 0.0]
    assert wanted_outputs(body, MANIFEST) == {"probability": True, "label": True}


def test_tritonclient_sends_json() -> None:
    outputs = [InferRequestedOutput("label", binary_data=False)]
    content, header_length = InferenceServerClient.generate_request_body(
        triton_inputs(binary=False, dtype="FP64"), outputs=outputs, request_id="mine"
    )

    body = parse_infer(content, header_length)

    assert header_length is None
    assert body.client_id == "mine"
    assert enforce(MANIFEST, table_of(body, MANIFEST)).columns["purpose"].tolist() == ["car", "Zürich"]
    assert wanted_outputs(body, MANIFEST) == {"label": False}


@pytest.mark.parametrize("binary", [True, False])
def test_tritonclient_reads_the_answer(binary: bool) -> None:
    head = {"model_name": "credit", "model_version": "3", "id": "mine"}

    answer = encode_infer(head, SCORES, MANIFEST.classes, {"probability": binary, "label": binary})
    result = InferenceServerClient.parse_response_body(answer.content, header_length=answer.header_length)

    assert (answer.header_length is not None) is binary
    assert np.array_equal(result.as_numpy("probability"), SCORES.probabilities)  # type: ignore[arg-type]
    labels = [
        text.decode() if isinstance(text, bytes) else text for text in result.as_numpy("label").tolist()
    ]
    assert labels == ["0", "1"]
    assert result.get_response()["id"] == "mine"
    assert result.get_output("probability")["parameters"]["classes"] == "0,1"


def test_json_may_be_flat_or_nested_and_null_is_missing() -> None:
    rows = enforce(MANIFEST, read({"inputs": GOOD}))

    assert np.array_equal(rows.columns["age"], [30.0, np.nan], equal_nan=True)
    assert rows.columns["foreign"].tolist() == [1.0, 0.0]


def test_protected_values_may_accompany() -> None:
    sex = {"name": "sex", "shape": [2], "datatype": "BYTES", "data": ["f", "m"]}

    assert enforce(MANIFEST, read({"inputs": [*GOOD, sex]})).accompanying == {"sex": ["f", "m"]}


def test_metadata_announces_what_is_taken() -> None:
    described = model_metadata("credit", ["3"], MANIFEST)

    assert described["platform"] == "onnx_onnxv1"
    assert [(each["name"], each["datatype"]) for each in described["inputs"]] == [
        ("age", "FP64"),
        ("purpose", "BYTES"),
        ("foreign", "BOOL"),
    ]
    assert described["outputs"][0] == {"name": "probability", "datatype": "FP64", "shape": [-1, 2]}


def changed(position: int, **changes: object) -> dict[str, object]:
    inputs: list[dict[str, Any]] = [dict(each) for each in GOOD]
    inputs[position] |= changes
    return {"inputs": inputs}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "inputs must be a list"),
        ({"inputs": []}, "inputs must be a list"),
        ({"inputs": [5]}, "objects with name, shape and datatype"),
        ({"inputs": GOOD, "id": 5}, "id must be a printable text"),
        ({"inputs": GOOD, "id": "x" * 257}, "id must be a printable text"),
        ({"inputs": GOOD, "id": "\ud800"}, "id must be a printable text"),
        ({"inputs": GOOD, "parameters": 5}, "parameters must be an object"),
        ({"inputs": GOOD, "parameters": {"entity": 5}}, "parameters.entity"),
        ({"inputs": [*GOOD, GOOD[0]]}, "two inputs have the same name"),
        (changed(0, name="agee"), "the model has no input 'agee'; it takes age, purpose, foreign"),
        (changed(0, datatype="BYTES", data=["a", "b"]), "input 'age': expected FP64, got BYTES"),
        (changed(1, datatype="FP32", data=[1, 2]), "input 'purpose': expected BYTES, got FP32"),
        (changed(0, datatype="BF16"), "datatype must be one of"),
        (changed(0, datatype=["FP32"]), "datatype must be one of"),
        (changed(0, datatype="FP16"), "FP16 has no JSON form"),
        (changed(0, shape=[2, 2]), r"shape must be \[rows\] or \[rows, 1\]"),
        (changed(0, shape=[-1]), "shape must be a list of sizes"),
        (changed(0, shape=[True]), "shape must be a list of sizes"),
        (changed(0, shape="2"), "shape must be a list of sizes"),
        (changed(0, data=[1, 2, 3]), "3 values, its shape says 2"),
        (changed(0, shape=[10**12], data=[1]), "different numbers of rows"),
        (changed(0, shape=[1], data=[1]), "different numbers of rows"),
        (changed(0, data=[[1], 2]), "data is ragged"),
        (changed(0, data=[[1, 2], [3, 4]]), "data is ragged"),
        (changed(0, data=[[[1]], [[2]]]), "is no FP64"),
        (changed(0, data=["1", "2"]), "row 0: '1' is no FP64"),
        (changed(0, datatype="INT64", data=[1, 1.5]), "row 1: 1.5 is no INT64"),
        (changed(0, data=None), "expected data"),
        (changed(0, parameters=5), "parameters must be an object"),
        (changed(0, parameters={"binary_data_size": -1}), "binary_data_size must be"),
        (changed(0, parameters={"binary_data_size": True}), "binary_data_size must be"),
        (changed(0, parameters={"binary_data_size": 16}), "announce 16 bytes of binary data, the body has 0"),
        (changed(0, parameters={"shared_memory_region": "x"}), "no shared memory"),
    ],
)
def test_what_is_no_request_is_refused_precisely(body: object, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(body)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (5, "outputs must be a list"),
        ([5], "got None"),
        ([{"name": "odds"}], "the model has probability and label, got 'odds'"),
        ([{"name": "label", "parameters": 5}], "parameters must be an object"),
        ([{"name": "label", "parameters": {"classification": 2}}], "classification is not supported"),
    ],
)
def test_outputs_that_do_not_exist_are_refused(outputs: object, message: str) -> None:
    body = parse_infer(json.dumps({"inputs": GOOD, "outputs": outputs}).encode(), None)

    with pytest.raises(Invalid, match=message):
        wanted_outputs(body, MANIFEST)


def truncated(content: bytes, length: int) -> tuple[bytes, int]:
    return content[:-3], length


def header_beyond(content: bytes, length: int) -> tuple[bytes, int]:
    return content, len(content) + 1


def header_short(content: bytes, length: int) -> tuple[bytes, int]:
    return content, length - 1


def lying_text(content: bytes, length: int) -> tuple[bytes, int]:
    place = content.index(b"\x03\x00\x00\x00car")
    return content[:place] + b"\xff\x00\x00\x00car" + content[place + 7 :], length


def broken_text(content: bytes, length: int) -> tuple[bytes, int]:
    return content.replace(b"car", b"c\xffr"), length


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncated, "announce"),
        (header_beyond, "Inference-Header-Content-Length"),
        (header_short, "not JSON"),
        (lying_text, "end within element 0"),
        (broken_text, "not UTF-8"),
    ],
)
def test_damaged_binary_requests_are_refused(
    damage: Callable[[bytes, int], tuple[bytes, int]], message: str
) -> None:
    whole, length = InferenceServerClient.generate_request_body(triton_inputs(binary=True))
    content, header_length = damage(bytes(whole), length)

    with pytest.raises(Invalid, match=message):
        table_of(parse_infer(content, header_length), MANIFEST)


CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.lists(st.integers(), max_size=2)
)
ENTRY = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["age", "purpose", "foreign", "sex", "x"]),
        "shape": st.lists(st.integers(-1, 3), max_size=3) | st.none(),
        "datatype": st.sampled_from(["FP64", "FP32", "INT64", "BOOL", "BYTES", "FP16", "X"]),
    },
    optional={
        "data": st.lists(CELLS, max_size=3) | CELLS,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 20)}) | CELLS,
    },
)


@settings(max_examples=300, deadline=None)
@given(
    inputs=st.lists(ENTRY, max_size=4), tail=st.binary(max_size=30), length=st.none() | st.integers(-1, 400)
)
def test_whatever_comes_is_read_or_refused(inputs: object, tail: bytes, length: int | None) -> None:
    content = json.dumps({"inputs": inputs}).encode()
    header_length = len(content) if length is None and tail else length
    try:
        body = parse_infer(content + tail, header_length)
        rows = enforce(MANIFEST, table_of(body, MANIFEST))
    except Invalid:
        return
    assert {len(column) for column in rows.columns.values()} == {rows.count}


@settings(max_examples=100, deadline=None)
@given(
    ages=st.lists(st.none() | st.floats(18, 120), min_size=1, max_size=20),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
)
def test_what_tritonclient_sends_arrives_unchanged(ages: list[float | None], text: str) -> None:
    columns = [
        ("age", "FP64", np.array([np.nan if age is None else age for age in ages])),
        ("purpose", "BYTES", np.array([text] * len(ages), dtype=object)),
        ("foreign", "BOOL", np.array([True] * len(ages))),
    ]
    inputs = [
        InferInput(name, list(values.shape), kind).set_data_from_numpy(values)
        for name, kind, values in columns
    ]
    content, length = InferenceServerClient.generate_request_body(inputs)

    rows = enforce(MANIFEST, table_of(parse_infer(content, length), MANIFEST))

    assert np.array_equal(rows.columns["age"], columns[0][2], equal_nan=True)
    assert rows.columns["purpose"].tolist() == [text] * len(ages)
