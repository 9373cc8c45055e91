"""The deployed predict room, asked by what others wrote: tritonclient, pandas as MLflow sends it, curl."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from mlflow.deployments import PredictionsResponse
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from sluice.domain.endpoints import Variant
from sluice.domain.predictions import ScoredRequest, parse_prediction_id
from sluice.local.stack import StackStatus
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.entity_keys import EntityKeys
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from sluice.stores.secrets import ENTITY_KEYS, SecretStore
from tests.stores.control_api.test_projects import spec
from tests.unit.scoring import models

ApiAs = Callable[[str], httpx.Client]
Aws = Callable[[str], Any]

ROWS = pd.DataFrame({"age": [60.0, None], "purpose": ["car", "Zürich"], "foreign": [False, True]})
EXPECTED = [models.probability(60, "car", 0), models.probability(None, "Zürich", 1)]


@dataclass(frozen=True)
class Deployed:
    """What the predict function works with, reached as the account's root."""

    endpoints: EndpointStore
    artefacts: ArtefactStore
    ledger: Ledger

    def serve(self, environment: str = "production", *, revision: int = 0, **changes: Any) -> str:
        """Put the credit model behind an endpoint of a new project; gives the project's name."""
        project = f"oip-{uuid.uuid4().hex[:12]}"
        onnx_bytes = models.credit_onnx()
        manifest = models.credit_manifest(onnx_bytes, project=project, **changes)
        refs = {
            "model": self.artefacts.write("artifacts", f"default/test/{project}/model.onnx", onnx_bytes),
            "manifest": self.artefacts.write("artifacts", f"default/test/{project}/model.json", manifest),
        }
        self.endpoints.put_revision(
            "default",
            project,
            environment,
            variants=[Variant("champion", 3, refs["manifest"].sha256, 100, refs)],
            promotion_id="p1",
            change_id=project,
            expected_revision=revision,
        )
        return project


@pytest.fixture(scope="module")
def deployed(aws: Aws) -> Deployed:
    functions = aws("lambda").list_functions()["Functions"]
    (ours,) = [
        each
        for each in functions
        if "Predict" in each["FunctionName"] and "Archive" not in each["FunctionName"]
    ]
    names = ours["Environment"]["Variables"]
    artefacts = ArtefactStore(
        aws("s3"), {"artifacts": names["ARTIFACTS_BUCKET"], "archive": names["ARCHIVE_BUCKET"]}
    )
    return Deployed(
        EndpointStore(Items(aws("dynamodb"), names["PLATFORM_TABLE"])),
        artefacts,
        Ledger(Items(aws("dynamodb"), names["LEDGER_TABLE"]), artefacts),
    )


@pytest.fixture
def triton(stack: StackStatus) -> Iterator[InferenceServerClient]:
    client = InferenceServerClient(
        stack.api_url.removeprefix("http://"), connection_timeout=30, network_timeout=30
    )
    yield client
    client.close()


@pytest.fixture
def headers(tokens: dict[str, str]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['invoker']}"}


def tensors(*, binary: bool) -> list[InferInput]:
    columns = {
        "age": ("FP64", ROWS["age"].to_numpy()),
        "purpose": ("BYTES", ROWS["purpose"].to_numpy(dtype=object)),
        "foreign": ("BOOL", ROWS["foreign"].to_numpy()),
    }
    inputs = []
    for name, (datatype, values) in columns.items():
        tensor = InferInput(name, [len(values), 1], datatype)
        inputs.append(tensor.set_data_from_numpy(values.reshape(-1, 1), binary_data=binary))
    return inputs


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_tritonclient_scores(
    triton: InferenceServerClient,
    deployed: Deployed,
    headers: dict[str, str],
    binary: bool,
    compression: str | None,
) -> None:
    project = deployed.serve()
    outputs = [InferRequestedOutput(name, binary_data=binary) for name in ("probability", "label")]

    result = triton.infer(
        project,
        tensors(binary=binary),
        outputs=outputs,
        request_id="mine",
        headers=dict(headers),
        request_compression_algorithm=compression,
    )

    np.testing.assert_allclose(result.as_numpy("probability")[:, 1], EXPECTED, atol=1e-6)
    assert [str(label) for label in np.char.decode(result.as_numpy("label").astype("S"))] == ["1", "1"]
    answer = result.get_response()
    assert (answer["id"], answer["model_version"]) == ("mine", "3")
    recorded = deployed.ledger.get("default", answer["parameters"]["request_id"])
    assert recorded is not None
    assert (recorded.client_id, recorded.labels) == ("mine", ["1", "1"])
    assert recorded.features["purpose"] == ["car", "Zürich"]


def test_tritonclient_without_named_outputs(
    triton: InferenceServerClient, deployed: Deployed, headers: dict[str, str]
) -> None:
    project = deployed.serve("staging")

    result = triton.infer(f"{project}.staging", tensors(binary=True), headers=dict(headers))

    np.testing.assert_allclose(result.as_numpy("probability")[:, 1], EXPECTED, atol=1e-6)


def test_tritonclient_asks_about_the_server_and_the_model(
    triton: InferenceServerClient, deployed: Deployed, headers: dict[str, str]
) -> None:
    project = deployed.serve()

    assert triton.is_server_live(headers=dict(headers))
    assert triton.is_server_ready(headers=dict(headers))
    assert triton.get_server_metadata(headers=dict(headers))["extensions"] == ["binary_tensor_data"]
    assert triton.is_model_ready(project, headers=dict(headers))
    assert triton.is_model_ready(project, "3", headers=dict(headers))
    assert not triton.is_model_ready(project, "4", headers=dict(headers))
    metadata = triton.get_model_metadata(project, headers=dict(headers))
    assert [each["name"] for each in metadata["inputs"]] == ["age", "purpose", "foreign"]


def test_tritonclient_is_told_what_is_wrong(
    triton: InferenceServerClient, deployed: Deployed, headers: dict[str, str]
) -> None:
    project = deployed.serve()
    young = InferInput("age", [2, 1], "FP64").set_data_from_numpy(np.array([[17.0], [60.0]]))

    with pytest.raises(InferenceServerException, match="age in row 0: expected at least 18") as refused:
        triton.infer(project, [young, *tensors(binary=True)[1:]], headers=dict(headers))
    assert refused.value.status() == "400"
    with pytest.raises(InferenceServerException, match="there is no model") as unknown:
        triton.infer("no-such-model", tensors(binary=True), headers=dict(headers))
    assert unknown.value.status() == "404"


@pytest.mark.parametrize("orient", ["split", "records"])
def test_pandas_as_mlflow_sends_it(api_as: ApiAs, deployed: Deployed, orient: str) -> None:
    project = deployed.serve()
    rows = json.loads(ROWS.to_json(orient=orient))  # type: ignore[call-overload] # both orients exist
    body = {f"dataframe_{orient}": rows, "params": {"output": "probability"}}

    answer = api_as("invoker").post(f"/endpoints/{project}/production/invocations", json=body)

    assert answer.status_code == 200, answer.text
    predictions: Any = PredictionsResponse(answer.json()).get_predictions("ndarray")  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(predictions[:, 1], EXPECTED, atol=1e-6)
    ids = [parse_prediction_id(each) for each in answer.json()["prediction_ids"]]
    assert ids == [(answer.headers["x-sluice-request-id"], 0), (answer.headers["x-sluice-request-id"], 1)]


def test_csv_with_curl(stack: StackStatus, deployed: Deployed, tokens: dict[str, str]) -> None:
    project = deployed.serve()
    command = [
        "curl",
        "--silent",
        "--fail",
        "--user",
        f"anyone:{tokens['invoker']}",
        "--header",
        "Content-Type: text/csv",
    ]

    done = subprocess.run(
        [*command, "--data-binary", "@-", f"{stack.api_url}/endpoints/{project}/production/invocations"],
        input=ROWS.to_csv(index=False),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout)["predictions"] == ["1", "1"]


def test_the_form_for_people(api_as: ApiAs, deployed: Deployed) -> None:
    project = deployed.serve()
    row = {"age": 60, "purpose": "car", "foreign": False}

    answer = api_as("invoker").post(f"/endpoints/{project}/production/score", json=row)

    assert answer.json()["rows"][0]["probability"]["1"] == pytest.approx(EXPECTED[0], abs=1e-6)


def test_a_large_request_overflows_to_the_archive(api_as: ApiAs, deployed: Deployed) -> None:
    project = deployed.serve()
    rng = np.random.default_rng(1)
    ages = rng.uniform(18, 120, 20_000)
    data = [[float(age), "car", False] for age in ages]
    split = {"columns": ["age", "purpose", "foreign"], "data": data}

    answer = api_as("invoker").post(
        f"/endpoints/{project}/production/invocations", json={"dataframe_split": split}
    )

    assert answer.status_code == 200, answer.text
    recorded = deployed.ledger.get("default", answer.headers["x-sluice-request-id"])
    assert recorded is not None
    assert recorded.features["age"] == ages.tolist()
    assert recorded.labels == answer.json()["predictions"]


def test_personal_fields_are_readable_until_their_entity_is_forgotten(
    api_as: ApiAs, deployed: Deployed
) -> None:
    """Encrypted by the deployed function under its own role; forgotten through the control API."""
    secrets = SecretStore(deployed.endpoints.items)
    secrets.key("default", ENTITY_KEYS)  # as registering a model with personal fields does
    project = deployed.serve(personal=["age"])
    api_as("contributor").post("/sluice/v1/projects", json={"spec": spec(project)}).raise_for_status()
    rows = {"instances": [{"age": 61.5, "purpose": "car", "foreign": False}]}

    answer = api_as("invoker").post(
        f"/endpoints/{project}/production/invocations", json=rows, headers={"x-sluice-entity": "anna"}
    )

    assert answer.status_code == 200, answer.text
    request_id = answer.headers["x-sluice-request-id"]

    def read() -> ScoredRequest | None:
        keys = EntityKeys(deployed.ledger.items, secrets)
        return replace(deployed.ledger, entity_keys=keys).get("default", request_id)

    known = read()
    assert known is not None
    assert (known.features["age"], known.forgotten) == ([61.5], False)
    forgetting = f"/sluice/v1/projects/{project}/forgotten"
    assert api_as("admin").post(forgetting, json={"entity": "anna"}).json() == {"keys": 1}
    gone = read()
    assert gone is not None
    assert (gone.features["age"], gone.forgotten, gone.labels) == ([None], True, known.labels)


def test_a_viewer_may_not_score(api_as: ApiAs, deployed: Deployed) -> None:
    project = deployed.serve()

    answer = api_as("viewer").post(f"/endpoints/{project}/production/invocations", json={"instances": [[1]]})

    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")


def test_a_damaged_model_is_refused_by_the_deployed_function(api_as: ApiAs, deployed: Deployed) -> None:
    project = deployed.serve(onnx={"sha256": "0" * 64, "size": 1, "output_probability": "probabilities"})

    answer = api_as("invoker").get(f"/v2/models/{project}/ready")

    assert answer.status_code == 503
    assert "digests differ" in answer.json()["error"]
