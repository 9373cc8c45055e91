"""MLflow's protocol, walked through on this server and on a real `mlflow server`: the same requests get
answers of the same status, error code and shape.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluice.local.stack import StackStatus
from tests.local.jobs import eventually

pytestmark = pytest.mark.filterwarnings("ignore")

API = "/api/2.0/mlflow/"


@dataclass
class Server:
    """`known`: ids that this server made, by the name that a step gives them."""

    client: httpx.Client
    known: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, given: Any) -> httpx.Response:
        address = self._filled(path if path.startswith("/") else API + path)
        body = self._filled(given)
        if isinstance(body, bytes | str):
            headers = {"content-type": "application/json"}
            return self.client.request(method, address, content=body, headers=headers)
        if method == "GET":
            return self.client.get(address, params=body)
        return self.client.request(method, address, json=body)

    def learn(self, names: dict[str, str], answer: Any) -> None:
        for name, place in names.items():
            found = answer
            for part in place.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            self.known[name] = str(found)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, known in self.known.items():
                value = value.replace(f"<{name}>", known)
            return value
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        return [self._filled(inner) for inner in value] if isinstance(value, list) else value


#: What one server knows and the other does not: MLflow's workspaces; who it was, whom a token names here;
#: aliases, which MLflow's own search leaves out.
_OWN = {"workspace", "user_id", "aliases", "next_page_token"}


def shape(value: Any) -> Any:
    """Names and kinds of what is not empty; a list is like its entries together."""
    if isinstance(value, dict):
        inside = {key: shape(inner) for key, inner in value.items() if key not in _OWN}
        return {key: inner for key, inner in inside.items() if inner not in (None, "", [], {}, [{}])}
    if isinstance(value, list):
        entries = [shape(each) for each in value]
        if entries and all(isinstance(each, dict) for each in entries):
            return [{key: kind for each in reversed(entries) for key, kind in each.items()}]
        return entries[:1]
    if value in (None, ""):
        return None
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def told(answer: httpx.Response) -> tuple[int, str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return answer.status_code, "", "no JSON"
    if answer.status_code >= 400:
        return answer.status_code, body.get("error_code", ""), "message" in body
    return answer.status_code, "", shape(body)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/m.db",
        "--artifacts-destination",
        str(folder / "a"),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    process = subprocess.Popen(
        [*command, "--workers", "1"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def up() -> bool:
        try:
            return client.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    try:
        eventually(up, "MLflow's own server", 120)
        yield Server(client)
    finally:
        client.close()
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def ours(stack: StackStatus) -> Iterator[Server]:
    headers = {"authorization": f"Bearer {stack.tokens['admin']}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client:
        yield Server(client)


NAME = f"walk-{uuid.uuid4().hex[:10]}"
FAR = "0" * 32
Step = tuple[Any, ...]


def metric(key: str = "m", value: Any = 1.0, step: int = 0) -> dict[str, Any]:
    return {"key": key, "value": value, "timestamp": 1, "step": step}


def batch(**given: Any) -> dict[str, Any]:
    return {"run_id": "<run>", **given}


EXPERIMENTS: list[Step] = [
    (
        "POST",
        "experiments/create",
        {"name": NAME, "tags": [{"key": "a", "value": "b"}]},
        {"exp": "experiment_id"},
    ),
    ("POST", "experiments/create", {"name": NAME}),
    ("POST", "experiments/create", {}),
    ("POST", "experiments/create", {"name": ""}),
    ("POST", "experiments/create", {"name": 5}),
    ("POST", "experiments/create", {"name": "n" * 501}),
    ("POST", "experiments/create", {"name": NAME + "x" * (500 - len(NAME)), "unknown": 1}),
    ("GET", "experiments/get", {"experiment_id": "<exp>"}),
    ("GET", "experiments/get", {"experiment_id": "77777"}),
    ("GET", "experiments/get", {}),
    ("GET", "experiments/get-by-name", {"experiment_name": NAME}),
    ("GET", "experiments/get-by-name", {"experiment_name": "nobody"}),
    ("GET", "experiments/search", {"max_results": 5, "filter": f"name = '{NAME}'"}),
    ("POST", "experiments/search", {"max_results": 5, "filter": "name ~ 'x'"}),
    ("POST", "experiments/search", {"max_results": 0}),
    ("POST", "experiments/search", {"max_results": 50001}),
    ("POST", "experiments/search", {"max_results": 5, "order_by": ["nothing"]}),
    ("POST", "experiments/search", {"max_results": 5, "page_token": "nonsense"}),
    ("POST", "experiments/set-experiment-tag", {"experiment_id": "<exp>", "key": "k", "value": "v"}),
    ("POST", "experiments/set-experiment-tag", {"experiment_id": "<exp>", "key": "k" * 251, "value": "v"}),
    ("POST", "experiments/set-experiment-tag", {"experiment_id": "<exp>", "key": "t", "value": "v" * 20001}),
    ("POST", "experiments/set-experiment-tag", {"experiment_id": "<exp>", "key": "t", "value": "v" * 5000}),
    ("POST", "experiments/set-experiment-tag", {"experiment_id": "77777", "key": "k", "value": "v"}),
    ("POST", "experiments/delete-experiment-tag", {"experiment_id": "<exp>", "key": "k"}),
    ("POST", "experiments/delete-experiment-tag", {"experiment_id": "<exp>", "key": "k"}),
    ("POST", "experiments/update", {"experiment_id": "<exp>", "new_name": NAME + "-2"}),
    ("POST", "experiments/update", {"experiment_id": "<exp>"}),
    ("POST", "experiments/delete", {"experiment_id": "<exp>"}),
    ("POST", "experiments/delete", {"experiment_id": "<exp>"}),
    ("POST", "experiments/restore", {"experiment_id": "<exp>"}),
    ("POST", "experiments/restore", {"experiment_id": "77777"}),
]
RUNS: list[Step] = [
    (
        "POST",
        "runs/create",
        {"experiment_id": "<exp>", "start_time": 10, "tags": []},
        {"run": "run.info.run_id"},
    ),
    ("POST", "runs/create", {"experiment_id": "<exp>", "start_time": "soon"}),
    ("POST", "runs/create", {"experiment_id": "77777"}),
    (
        "POST",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "one", "user_id": "me", "start_time": 5},
        {"two": "run.info.run_id"},
    ),
    ("GET", "runs/get", {"run_id": "<run>"}),
    ("GET", "runs/get", {"run_id": FAR}),
    ("GET", "runs/get", {}),
    ("POST", "runs/log-metric", batch(**metric())),
    ("POST", "runs/log-metric", batch(**metric(value="NaN"))),
    ("POST", "runs/log-metric", batch(**metric("far", value="-Infinity"))),
    ("POST", "runs/log-metric", batch(**metric(value="x"))),
    ("POST", "runs/log-metric", batch(key="m", value=1)),
    ("POST", "runs/log-metric", {"run_id": FAR, **metric()}),
    ("POST", "runs/log-metric", batch(**metric("k" * 250))),
    ("POST", "runs/log-metric", batch(**metric("k" * 251))),
    ("POST", "runs/log-metric", batch(**metric("../a"))),
    ("POST", "runs/log-metric", batch(**metric("a\x00b"))),
    ("POST", "runs/log-parameter", batch(key="p", value="1")),
    ("POST", "runs/log-parameter", batch(key="p", value="1")),
    ("POST", "runs/log-parameter", batch(key="p", value="2")),
    ("POST", "runs/log-parameter", batch(key="p6", value="v" * 6000)),
    ("POST", "runs/log-parameter", batch(key="p7", value="v" * 6001)),
    ("POST", "runs/log-parameter", batch(value="v")),
    ("POST", "runs/set-tag", batch(key="t", value="ü" * 2000)),
    ("POST", "runs/set-tag", batch(key="t8", value="v" * 8000)),
    ("POST", "runs/set-tag", batch(value="v")),
    ("POST", "runs/set-tag", {"run_id": FAR, "key": "t", "value": "v"}),
    ("POST", "runs/delete-tag", batch(key="t8")),
    ("POST", "runs/delete-tag", batch(key="t8")),
    ("POST", "runs/log-batch", batch(metrics=[metric("b", 1, step) for step in range(1000)])),
    ("POST", "runs/log-batch", batch(metrics=[metric("b", 1, step) for step in range(1001)])),
    ("POST", "runs/log-batch", batch(params=[{"key": f"q{n}", "value": "1"} for n in range(100)])),
    ("POST", "runs/log-batch", batch(params=[{"key": f"r{n}", "value": "1"} for n in range(101)])),
    ("POST", "runs/log-batch", batch(tags=[{"key": f"q{n}", "value": "1"} for n in range(100)])),
    ("POST", "runs/log-batch", batch(tags=[{"key": f"q{n}", "value": "1"} for n in range(101)])),
    ("POST", "runs/log-batch", batch(params=[{"key": "s", "value": "1"}, {"key": "s", "value": "2"}])),
    ("POST", "runs/log-batch", batch(params=[{"value": "1"}])),
    ("POST", "runs/log-batch", batch(metrics=[{"key": "x", "value": 1}])),
    ("POST", "runs/log-batch", batch(metrics="x")),
    ("POST", "runs/log-batch", batch()),
    ("POST", "runs/log-batch", {}),
    ("POST", "runs/log-batch", "no json"),
    ("POST", "runs/log-batch", "[1, 2]"),
    (
        "POST",
        "runs/log-batch",
        '{"run_id": "<run>", "metrics": [{"key": "e", "value": 1e400, "timestamp": 1}]}',
    ),
    (
        "POST",
        "runs/log-inputs",
        batch(datasets=[{"dataset": {"name": "d", "digest": "1", "source_type": "x", "source": "y"}}]),
    ),
    ("POST", "runs/log-inputs", batch(datasets=[{"dataset": {"name": "d"}}])),
    ("POST", "runs/log-inputs", batch(datasets=[{}])),
    ("POST", "runs/update", batch(status="FINISHED", end_time=5, run_name="renamed")),
    ("POST", "runs/update", batch(status="NOTHING")),
    ("POST", "runs/update", {"run_id": FAR, "status": "FAILED"}),
    ("GET", "metrics/get-history", {"run_id": "<run>", "metric_key": "m"}),
    ("GET", "metrics/get-history", {"run_id": "<run>", "metric_key": "never"}),
    ("GET", "metrics/get-history", {"run_id": "<run>", "metric_key": "b", "max_results": 2}),
    ("GET", "metrics/get-history", {"run_id": "<run>"}),
    ("GET", "metrics/get-history", {"run_id": FAR, "metric_key": "m"}),
    (
        "GET",
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
        {"run_ids": "<run>", "metric_key": "b", "max_results": 5},
    ),
    (
        "GET",
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
        {"run_ids": "<run>", "metric_key": "b", "max_results": 0},
    ),
    (
        "GET",
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
        {"run_ids": "<run>", "metric_key": "b", "max_results": 2501},
    ),
    ("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", {"metric_key": "b", "max_results": 5}),
    *(
        ("POST", "runs/search", {"experiment_ids": ["<exp>"], **asked})
        for asked in (
            {},
            {"max_results": 1},
            {"max_results": 0},
            {"max_results": 50001},
            {"filter": "metrics.m > 0 and params.p = '1'"},
            {"filter": "metrics.m"},
            {"filter": "metrics.m > 'a'"},
            {"filter": "metrics.m > 1 or metrics.m < 1"},
            {"filter": "nothing.a = '1'"},
            {"filter": "params.p > '1'"},
            {"filter": "params.p = 1"},
            {"filter": "attributes.nothing = '1'"},
            {"filter": "status IN ('FINISHED')"},
            {"filter": "run_id NOT IN ('a', 'b')"},
            {"filter": "run_id IN ()"},
            {"filter": "params.p IN ('1')"},
            {"filter": "tags.`t t` IS NULL"},
            {"filter": 5},
            {"order_by": ["metrics.m DESC", "nothing ASC"]},
            {"order_by": ["metrics.m SIDEWAYS"]},
            {"run_view_type": "ALL"},
            {"run_view_type": "SOME"},
            {"page_token": "nonsense"},
        )
    ),
    ("POST", "runs/search", {"experiment_ids": ["77777"]}),
    ("POST", "runs/delete", {"run_id": "<two>"}),
    ("POST", "runs/log-metric", {"run_id": "<two>", **metric()}),
    ("POST", "runs/restore", {"run_id": "<two>"}),
    ("POST", "runs/restore", {"run_id": FAR}),
    ("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": ["<exp>"]}),
    (
        "POST",
        "runs/log-model",
        batch(model_json='{"artifact_path": "m", "run_id": "x", "flavors": {}, "utc_time_created": "2026"}'),
    ),
    ("POST", "runs/log-model", batch(model_json="nonsense")),
]
REGISTRY: list[Step] = [
    (
        "POST",
        "registered-models/create",
        {"name": NAME, "description": "d", "tags": [{"key": "a", "value": "b"}]},
    ),
    ("POST", "registered-models/create", {"name": NAME}),
    ("POST", "registered-models/create", {}),
    ("POST", "registered-models/create", {"name": ""}),
    ("POST", "registered-models/create", {"name": "a/b"}),
    ("POST", "registered-models/create", {"name": "a:b"}),
    ("GET", "registered-models/get", {"name": NAME}),
    ("GET", "registered-models/get", {"name": "nobody"}),
    ("GET", "registered-models/get", {}),
    ("POST", "model-versions/create", {"name": NAME, "source": "runs:/<run>/model", "run_id": "<run>"}),
    ("POST", "model-versions/create", {"name": NAME, "source": "runs:/<run>/model", "run_id": "<run>"}),
    ("POST", "model-versions/create", {"name": "nobody", "source": "runs:/<run>/model", "run_id": "<run>"}),
    ("POST", "model-versions/create", {"name": NAME}),
    ("POST", "model-versions/create", {"name": NAME, "source": "/etc/passwd"}),
    ("POST", "model-versions/create", {"name": NAME, "source": "file:///etc/passwd"}),
    (
        "POST",
        "model-versions/create",
        {"name": NAME, "source": "mlflow-artifacts:/a/../../b", "run_id": "<run>"},
    ),
    ("POST", "model-versions/create", {"name": NAME, "source": "models:/nobody/1"}),
    ("GET", "model-versions/get", {"name": NAME, "version": "1"}),
    ("GET", "model-versions/get", {"name": NAME, "version": "77"}),
    ("GET", "model-versions/get", {"name": NAME, "version": "x"}),
    ("GET", "model-versions/get", {"name": NAME}),
    ("PATCH", "model-versions/update", {"name": NAME, "version": "1", "description": "new"}),
    ("PATCH", "model-versions/update", {"name": NAME, "version": "77", "description": "new"}),
    ("POST", "model-versions/set-tag", {"name": NAME, "version": "1", "key": "k", "value": "v"}),
    ("POST", "model-versions/set-tag", {"name": NAME, "version": "1", "key": "k" * 251, "value": "v"}),
    ("POST", "model-versions/set-tag", {"name": NAME, "version": "1", "key": "k", "value": "v" * 100_001}),
    ("POST", "model-versions/set-tag", {"name": NAME, "version": "77", "key": "k", "value": "v"}),
    ("DELETE", "model-versions/delete-tag", {"name": NAME, "version": "1", "key": "k"}),
    ("GET", "model-versions/get-download-uri", {"name": NAME, "version": "1"}),
    (
        "POST",
        "model-versions/transition-stage",
        {"name": NAME, "version": "1", "stage": "Staging", "archive_existing_versions": False},
    ),
    (
        "POST",
        "model-versions/transition-stage",
        {"name": NAME, "version": "1", "stage": "Nowhere", "archive_existing_versions": False},
    ),
    ("GET", "registered-models/get-latest-versions", {"name": NAME}),
    ("POST", "registered-models/get-latest-versions", {"name": NAME, "stages": ["Staging"]}),
    ("POST", "registered-models/get-latest-versions", {"name": NAME, "stages": ["Nowhere"]}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "champion", "version": "2"}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "v1", "version": "2"}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "latest", "version": "2"}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "a b", "version": "2"}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "a" * 255, "version": "2"}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "a" * 256, "version": "2"}),
    ("POST", "registered-models/alias", {"name": NAME, "alias": "champion", "version": "77"}),
    ("GET", "registered-models/alias", {"name": NAME, "alias": "champion"}),
    ("GET", "registered-models/alias", {"name": NAME, "alias": "nobody"}),
    ("DELETE", "registered-models/alias", {"name": NAME, "alias": "champion"}),
    ("DELETE", "registered-models/alias", {"name": NAME, "alias": "champion"}),
    ("PATCH", "registered-models/update", {"name": NAME, "description": "new"}),
    ("PATCH", "registered-models/update", {"name": "nobody", "description": "new"}),
    ("POST", "registered-models/set-tag", {"name": NAME, "key": "k", "value": "v"}),
    ("DELETE", "registered-models/delete-tag", {"name": NAME, "key": "k"}),
    ("DELETE", "registered-models/delete-tag", {"name": "nobody", "key": "k"}),
    *(
        ("GET", f"{what}/search", asked)
        for what in ("registered-models", "model-versions")
        for asked in (
            {"filter": f"name = '{NAME}'"},
            {"filter": f"name LIKE '{NAME}%'", "order_by": "name DESC"},
            {"filter": "name > 'a'"},
            {"filter": "name"},
            {"filter": "nothing = 'a'"},
            {"filter": "tags.a = 'b'"},
            {"filter": "tags.a > 'b'"},
            {"max_results": 0},
            {"max_results": -1},
            {"max_results": 200_001},
            {"order_by": "nothing"},
            {"page_token": "nonsense"},
        )
    ),
    ("GET", "model-versions/search", {"filter": f"version_number > 1 and name = '{NAME}'"}),
    ("GET", "model-versions/search", {"filter": "run_id = '<run>'"}),
    ("GET", "model-versions/search", {"filter": "run_id IN ('<run>')"}),
    ("GET", "model-versions/search", {"filter": "run_id IN ()"}),
    ("DELETE", "model-versions/delete", {"name": NAME, "version": "1"}),
    ("DELETE", "model-versions/delete", {"name": NAME, "version": "1"}),
    ("POST", "registered-models/rename", {"name": NAME, "new_name": f"{NAME}-2"}),
    ("POST", "registered-models/rename", {"name": NAME, "new_name": f"{NAME}-3"}),
    ("POST", "registered-models/rename", {"name": f"{NAME}-2", "new_name": ""}),
    ("DELETE", "registered-models/delete", {"name": f"{NAME}-2"}),
    ("DELETE", "registered-models/delete", {"name": f"{NAME}-2"}),
]
LOGGED: list[Step] = [
    (
        "POST",
        "logged-models",
        {
            "experiment_id": "<exp>",
            "name": "m",
            "source_run_id": "<run>",
            "params": [{"key": "a", "value": "1"}],
        },
        {"model": "model.info.model_id"},
    ),
    ("POST", "logged-models", {"experiment_id": "77777", "name": "m"}),
    ("POST", "logged-models", {"experiment_id": "<exp>", "name": "a/b"}),
    ("GET", "logged-models/<model>", {}),
    ("GET", "logged-models/m-nobody", {}),
    ("PATCH", "logged-models/<model>", {"model_id": "<model>", "status": "LOGGED_MODEL_READY"}),
    ("PATCH", "logged-models/<model>", {"model_id": "<model>", "status": "NOTHING"}),
    ("PATCH", "logged-models/<model>/tags", {"tags": [{"key": "t", "value": "v"}]}),
    ("DELETE", "logged-models/<model>/tags/t", {}),
    ("DELETE", "logged-models/<model>/tags/t", {}),
    ("POST", "logged-models/<model>/params", {"model_id": "<model>", "params": [{"key": "b", "value": "2"}]}),
    ("POST", "runs/outputs", batch(models=[{"model_id": "<model>", "step": 0}])),
    ("POST", "runs/log-metric", batch(**metric("acc"), model_id="<model>")),
    ("POST", "logged-models/search", {"experiment_ids": ["<exp>"]}),
    ("POST", "logged-models/search", {"experiment_ids": ["<exp>"], "filter": "metrics.acc > 0.5"}),
    ("POST", "logged-models/search", {"experiment_ids": ["<exp>"], "filter": "metrics.acc > 'x'"}),
    ("POST", "logged-models/search", {"experiment_ids": ["<exp>"], "filter": "nothing.a = 1"}),
    (
        "POST",
        "logged-models/search",
        {"experiment_ids": ["<exp>"], "order_by": [{"field_name": "metrics.acc"}]},
    ),
    ("POST", "logged-models/search", {"experiment_ids": ["<exp>"], "order_by": [{"field_name": "params.a"}]}),
    ("POST", "logged-models/search", {"experiment_ids": ["<exp>"], "max_results": 0}),
    ("GET", "logged-models/<model>/artifacts/directories", {}),
    ("DELETE", "logged-models/<model>", {}),
    ("GET", "logged-models/<model>", {}),
]
FILES = "/api/2.0/mlflow-artifacts/artifacts"
ARTIFACTS: list[Step] = [
    ("PUT", f"{FILES}/<exp>/<run>/artifacts/a.txt", "hello"),
    ("GET", f"{FILES}?path=<exp>/<run>/artifacts", None),
    ("GET", f"{FILES}?path=<exp>/<run>/../..", None),
    ("GET", f"{FILES}?path=%2e%2e%2f%2e%2e", None),
    ("GET", f"{FILES}?path=%252e%252e%252fa", None),
    ("GET", f"{FILES}?path=/etc", None),
    ("GET", f"{FILES}/<exp>/%2e%2e/%2e%2e/secret", None),
    ("GET", f"{FILES}/<exp>/%252e%252e%252f%252e%252e%252fsecret", None),
    ("GET", f"{FILES}/<exp>/..%5c..%5csecret", None),
    ("GET", "artifacts/list", {"run_id": "<run>"}),
    ("GET", "artifacts/list", {"run_id": "<run>", "path": "../.."}),
    ("GET", "artifacts/list", {"run_id": "<run>", "path": "%2e%2e"}),
    ("GET", "artifacts/list", {"run_id": FAR}),
    ("GET", "/get-artifact", {"run_id": "<run>", "path": "../../secret"}),
    ("DELETE", f"{FILES}/<exp>/<run>/artifacts/a.txt", {}),
]
WALK = EXPERIMENTS + RUNS + REGISTRY + LOGGED + ARTIFACTS

#: Steps (by the beginning of their text) where this server means to differ, and why.
DIFFERENT = {
    "POST runs/log-parameter {'run_id': '<run>', 'key': 'p7'": "values over the limit are refused, never cut",
    "POST runs/log-batch no json": "400 where MLflow raises",
    "POST runs/log-batch [1, 2]": "400 where MLflow raises",
    'POST runs/log-batch {"run_id"': "1e400 is no number of JSON's; Infinity is written as a text",
    "POST runs/log-inputs": "a dataset without name or digest is refused",
    "POST /ajax-api/2.0/mlflow/experiments/search-datasets": "those without a digest were refused",
    "POST runs/update {'run_id': '<run>', 'status': 'NOTHING'": "an unknown status is refused",
    f"GET metrics/get-history {{'run_id': '{FAR}'": "a run that is not there is said to be missing",
    "POST runs/search {'experiment_ids': ['<exp>'], 'run_view_type': 'SOME'": "an unknown view is refused",
    "GET registered-models/search {'max_results': 0": "at least one is asked for",
    "GET registered-models/search {'max_results': -1": "at least one is asked for",
    "PATCH logged-models/<model> {'model_id': '<model>', 'status': 'NOTHING'": "an unknown status is refused",
    "PATCH logged-models/<model>/tags": "the model is told, MLflow tells nothing",
    "POST logged-models/search {'experiment_ids': ['<exp>'], 'filter': \"metrics.acc > 'x'\"": "400, not 500",
    "POST logged-models/search {'experiment_ids': ['<exp>'], 'max_results': 0": "at least one is asked for",
    f"PUT {FILES}": "an empty JSON object, MLflow sends nothing",
    f"GET {FILES}/<exp>/..%5c": "ways out are refused, MLflow looks for the file",
}


def test_the_same_requests_get_the_same_answers(ours: Server, theirs: Server) -> None:
    different: list[str] = []
    for number, (method, path, given, *learnt) in enumerate(WALK):
        answers = [server.ask(method, path, given) for server in (ours, theirs)]
        found, wanted = map(told, answers)
        assert found[0] < 500, (method, path, given)
        step = f"{number} {method} {path} {str(given)[:150]}"
        meant = any(step.split(" ", 1)[1].startswith(known) for known in DIFFERENT)
        if found != wanted and not meant:
            different.append(f"{step}\n   ours   {found}\n   theirs {wanted}")
        for names in learnt:
            ours.learn(names, answers[0].json())
            theirs.learn(names, answers[1].json())
    assert not different, "\n".join(different)
