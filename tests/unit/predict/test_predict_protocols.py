"""Both protocols through the handler, with HTTP API events as the gateway sends them."""

from __future__ import annotations

import gzip
import json
import zlib

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput

from sluice import __version__
from sluice.domain.predictions import parse_prediction_id
from tests.unit.predict.room import ROW, Room
from tests.unit.scoring import models

INPUTS = [
    {"name": "age", "shape": [1, 1], "datatype": "FP64", "data": [60]},
    {"name": "purpose", "shape": [1, 1], "datatype": "BYTES", "data": ["car"]},
    {"name": "foreign", "shape": [1, 1], "datatype": "BOOL", "data": [False]},
]


@pytest.fixture
def room() -> Room:
    return Room()


def binary_request() -> tuple[bytes, int]:
    columns = {
        "age": ("FP32", np.array([[60.0], [np.nan]], dtype=np.float32)),
        "purpose": ("BYTES", np.array([["car"], [""]], dtype=object)),
        "foreign": ("BOOL", np.array([[False], [True]])),
    }
    inputs = [
        InferInput(name, list(values.shape), kind).set_data_from_numpy(values)
        for name, (kind, values) in columns.items()
    ]
    content, length = InferenceServerClient.generate_request_body(inputs, request_id="mine")
    return bytes(content), length


def test_json_inference(room: Room) -> None:
    reply = room.post(
        "/v2/models/credit/infer", {"id": "mine", "inputs": INPUTS}, content_type="application/json"
    )

    assert reply.status == 200
    body = reply.json
    assert (body["model_name"], body["model_version"], body["id"]) == ("credit", "1", "mine")
    outputs = {each["name"]: each for each in body["outputs"]}
    assert outputs["probability"]["shape"] == [1, 2]
    assert outputs["probability"]["data"][1] == pytest.approx(models.probability(60, "car", 0), abs=1e-6)
    assert outputs["label"] == {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["1"]}
    request_id = reply.headers["x-sluice-request-id"]
    assert body["parameters"] == {
        "request_id": request_id,
        "prediction_ids": f"{request_id}.0",
        "variant": "v1",
    }
    assert reply.headers["x-sluice-prediction-ids"] == f"{request_id}.0"
    assert reply.headers["x-sluice-model-version"] == "1"
    assert reply.headers["x-sluice-variant"] == "v1"


@pytest.mark.parametrize("compress", [None, "gzip", "deflate"])
def test_binary_inference_without_a_content_type_in_base64(room: Room, compress: str | None) -> None:
    content, length = binary_request()
    headers = {"inference_header_content_length": str(length)}
    if compress:
        headers["content_encoding"] = compress
        content = gzip.compress(content) if compress == "gzip" else zlib.compress(content)

    reply = room.post("/v2/models/credit/infer", content, **headers)

    assert reply.status == 200
    assert reply.raw["isBase64Encoded"]
    assert reply.headers["content-type"] == "application/octet-stream"
    header_length = int(reply.headers["inference-header-content-length"])
    result = InferenceServerClient.parse_response_body(reply.content, header_length=header_length)
    expected = [models.probability(60, "car", 0), models.probability(None, "", 1)]
    np.testing.assert_allclose(result.as_numpy("probability")[:, 1], expected, atol=1e-6)
    request_id = reply.headers["x-sluice-request-id"]
    assert reply.headers["x-sluice-prediction-ids"] == f"{request_id}.0-{request_id}.1"


def test_without_a_callers_id_ours_is_echoed(room: Room) -> None:
    reply = room.post("/v2/models/credit/infer", {"inputs": INPUTS})

    assert reply.json["id"] == reply.headers["x-sluice-request-id"]
    assert room.recorded.client_id is None


def test_another_environment_and_a_regression(room: Room) -> None:
    body = {"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}

    reply = room.post("/v2/models/rentals.staging/infer", body)

    assert reply.json["outputs"] == [{"name": "value", "datatype": "FP64", "shape": [2], "data": [2.0, 4.0]}]


def test_metadata_health_and_readiness(room: Room) -> None:
    assert room.get("/v2").json == {
        "name": "sluice",
        "version": __version__,
        "extensions": ["binary_tensor_data"],
    }
    assert room.get("/v2/health/live").json == {"live": True, "ready": True}
    assert room.get("/v2/health/ready").status == 200
    assert room.get("/v2/models/credit/ready").json == {"name": "credit", "ready": True}
    assert room.get("/v2/models/credit/versions/1/ready").status == 200
    metadata = room.get("/v2/models/credit").json
    assert (metadata["name"], metadata["versions"], metadata["platform"]) == ("credit", ["1"], "onnx_onnxv1")
    assert room.get("/v2/models/credit/versions/1").json == metadata
    assert room.get("/v2/models/credit/versions/9").status == 404


def test_a_version_that_serves_can_be_asked_for(room: Room) -> None:
    room.promote(
        "credit", "production", room.credit_variant(1), room.credit_variant(2, weight=0, threshold=0.99)
    )

    reply = room.post("/v2/models/credit/versions/2/infer", {"inputs": INPUTS})

    assert reply.headers["x-sluice-model-version"] == "2"
    assert reply.json["outputs"][1]["data"] == ["0"]


@pytest.mark.parametrize("count", [40, 1_000, 1_001, 2_345])
def test_thousands_of_rows_are_answered_and_recorded_one_by_one(room: Room, count: int) -> None:
    rows = [[row / 2] for row in range(count)]

    reply = room.post(
        "/endpoints/rentals/staging/invocations",
        json.dumps({"instances": rows}).encode(),
        content_type="application/json",
    )

    values = [float(row) for row in range(count)]
    assert reply.json["predictions"] == values
    ids = [parse_prediction_id(each) for each in reply.json["prediction_ids"]]
    assert ids == [(reply.headers["x-sluice-request-id"], row) for row in range(count)]
    assert (room.recorded.rows, list(room.recorded.values)) == (count, values)
    assert list(room.recorded.features["x"]) == [cell for (cell,) in rows]


def test_invocations_answer_labels_or_probabilities(room: Room) -> None:
    labels = room.invoke({"dataframe_records": [ROW, {**ROW, "purpose": "house"}]})
    odds = room.invoke({"dataframe_records": [ROW], "params": {"output": "probability"}})

    assert labels.json["predictions"] == ["1", "0"]
    assert [parse_prediction_id(each) for each in labels.json["prediction_ids"]] == [
        (labels.headers["x-sluice-request-id"], 0),
        (labels.headers["x-sluice-request-id"], 1),
    ]
    assert labels.json["model"] == {"name": "credit", "version": "1", "variant": "v1"}
    assert odds.json["classes"] == ["0", "1"]
    assert odds.json["predictions"][0][1] == pytest.approx(models.probability(60, "car", 0), abs=1e-6)


def test_invocations_take_csv(room: Room) -> None:
    reply = room.invoke("age,purpose,foreign\n60,car,false\n", content_type="text/csv")

    assert reply.json["predictions"] == ["1"]


def test_people_get_readable_rows(room: Room) -> None:
    reply = room.post("/endpoints/credit/production/score", ROW)

    (row,) = reply.json["rows"]
    assert row["label"] == "1"
    assert row["probability"]["1"] == pytest.approx(models.probability(60, "car", 0), abs=1e-6)
    assert row["prediction_id"] == f"{reply.headers['x-sluice-request-id']}.0"
    values = room.post("/endpoints/rentals/staging/score", [{"x": 4}]).json["rows"]
    assert values[0]["value"] == 8.0


def test_the_small_routes_of_mlflow(room: Room) -> None:
    assert room.get("/endpoints/credit/production/ping").status == 200
    assert room.get("/endpoints/credit/production/health").status == 200
    assert room.get("/endpoints/credit/production/version").content.decode() == __version__
    assert room.get("/endpoints/credit/staging/ping").status == 409


def test_the_ledger_holds_what_was_asked_and_answered(room: Room) -> None:
    body = {"instances": [{**ROW, "sex": "f"}, {**ROW, "age": None}], "params": {"entity": "customer-7"}}

    reply = room.invoke(body, x_correlation_id="c-1")

    recorded = room.recorded
    assert recorded.request_id == reply.headers["x-sluice-request-id"]
    assert recorded.features == {"age": [60.0, None], "purpose": ["car", "car"], "foreign": [0.0, 0.0]}
    assert recorded.accompanying == {"sex": ["f", None]}
    assert recorded.labels == reply.json["predictions"]
    assert recorded.probabilities["1"][0] == pytest.approx(models.probability(60, "car", 0), abs=1e-6)
    assert (recorded.project, recorded.environment, recorded.variant) == ("credit", "production", "v1")
    assert (recorded.model_version, recorded.revision, recorded.promotion_id) == (1, 1, "p1")
    assert (recorded.principal, recorded.correlation_id) == ("anna", "c-1")
    assert recorded.model_digest == room.endpoints["credit", "production"].variants[0].model_digest
    assert recorded.entity is not None
    assert "customer-7" not in recorded.entity
    assert set(recorded.timings) == {"load", "read", "score"}
    json.dumps(recorded.features)


def test_values_too_many_for_an_answer_are_refused_with_the_way_out(room: Room) -> None:
    rows = [[number] for number in range(100_000)]

    reply = room.post("/endpoints/rentals/staging/invocations", {"instances": rows})

    assert reply.status == 413
    assert "send fewer rows" in reply.json["message"]
    assert room.ledger.requests == {}
