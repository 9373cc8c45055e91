"""A model that left: exported by the command, served by an environment of its own, beside the cloud."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput

from infra.packaging.uv import run_uv
from sluice.domain.endpoints import Variant
from sluice.domain.model import ModelVersion
from sluice.local.stack import StackStatus
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.endpoints import EndpointStore
from sluice.stores.items import Items
from sluice.stores.ledger import Ledger
from sluice.stores.models import ModelStore
from tests.local.command import Command
from tests.unit.scoring import models

ApiAs = Callable[[str], httpx.Client]
Aws = Callable[[str], Any]

ROW = {"age": 60.1, "purpose": "Zürich", "foreign": False}
SECONDS = 60


@dataclass(frozen=True)
class Registered:
    """A registered version that serves in production as well; `python` has the bundle's requirements only."""

    project: str
    folder: Path
    key: str
    python: Path
    ledger: Ledger


@pytest.fixture(scope="module")
def registered(aws: Aws, stack: StackStatus, tmp_path_factory: pytest.TempPathFactory) -> Registered:
    names: dict[str, str] = {}
    for each in aws("lambda").list_functions()["Functions"]:
        names |= each.get("Environment", {}).get("Variables", {}) if "Predict" in each["FunctionName"] else {}
    artefacts = ArtefactStore(
        aws("s3"), {"artifacts": names["ARTIFACTS_BUCKET"], "archive": names["ARCHIVE_BUCKET"]}
    )
    platform = Items(aws("dynamodb"), names["PLATFORM_TABLE"])
    project = f"edge-{uuid.uuid4().hex[:12]}"
    _register(project, artefacts, platform)
    scratch = tmp_path_factory.mktemp("edge")
    command = Command(stack.profile, scratch)
    told = command("export", project, 3, "--output", "bundle", "--json").json
    assert command("verify-bundle", "bundle").code == 0
    run_uv(["venv", "--quiet", str(scratch / "venv")])
    python = scratch / "venv" / "bin" / "python"
    wanted = ["--require-hashes", "--no-deps", "-r", str(scratch / "bundle" / "requirements.txt")]
    run_uv(["pip", "install", "--quiet", "--python", str(python), *wanted])
    ledger = Ledger(Items(aws("dynamodb"), names["LEDGER_TABLE"]), artefacts)
    return Registered(project, scratch / "bundle", told["key"], python, ledger)


def _register(project: str, artefacts: ArtefactStore, platform: Items) -> None:
    onnx_bytes = models.credit_onnx()
    files = {"model": onnx_bytes, "manifest": models.credit_manifest(onnx_bytes, project=project)}
    refs = {
        name: artefacts.write("artifacts", f"default/test/{project}/{name}", content)
        for name, content in files.items()
    }
    digest = refs["manifest"].sha256
    ModelStore(platform).add(
        "default",
        ModelVersion(
            project=project,
            version=3,
            training_id="t",
            run_id="r",
            experiment_id="1",
            dataset=refs["model"],
            code_digest="c",
            project_version=1,
            project_digest="p",
            model_digest=digest,
            report_digest="r",
            outcome="first",
            requested_by="ada",
            artefacts=refs,
        ),
    )
    EndpointStore(platform).put_revision(
        "default",
        project,
        "production",
        variants=[Variant("champion", 3, digest, 1, refs)],
        promotion_id="p1",
        change_id=project,
        expected_revision=0,
    )


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    url: str
    state: Path

    def score(self, **options: Any) -> str:
        """Scores one row and gives the request's id."""
        answer = httpx.post(f"{self.url}/invocations", json={"instances": [ROW]}, timeout=30, **options)
        assert answer.status_code == 200, answer.text
        return str(answer.headers["x-sluice-request-id"])

    def waiting(self) -> int:
        with closing(sqlite3.connect(next(self.state.glob("*.db")))) as database:
            return int(database.execute("SELECT count(*) FROM waiting").fetchone()[0])


@contextmanager
def serving(registered: Registered, state: Path, **settings: str) -> Iterator[Server]:
    """The bundle's server, started as its README says, with nothing else in its environment."""
    port = str(_free_port())
    process = subprocess.Popen(
        [registered.python, registered.folder / "serve.py"],
        env=_environment(registered, state, SLUICE_EDGE_PORT=port, **settings),
        cwd=state.parent,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, f"http://127.0.0.1:{port}", state)
    try:
        _await(lambda: _answers(server))
        yield server
    finally:
        process.kill()
        process.communicate()


def _environment(registered: Registered, state: Path, **settings: str) -> dict[str, str]:
    own = {"SLUICE_BUNDLE_KEY": registered.key, "SLUICE_EDGE_STATE": str(state), "HOME": str(state)}
    return {"PATH": os.defpath, "LOG_LEVEL": "ERROR", **own, **settings}


def _answers(server: Server) -> bool:
    if server.process.poll() is not None:
        raise AssertionError(server.process.communicate()[1])
    try:
        return httpx.get(f"{server.url}/v2/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _await(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return int(taken.getsockname()[1])


def binary_request() -> tuple[bytes, int]:
    columns = {
        "age": ("FP64", np.array([[60.1], [np.nan], [33.3]])),
        "purpose": ("BYTES", np.array([["car"], [""], ["Zürich"]], dtype=object)),
        "foreign": ("BOOL", np.array([[False], [True], [True]])),
    }
    inputs = [
        InferInput(name, list(values.shape), kind).set_data_from_numpy(values)
        for name, (kind, values) in columns.items()
    ]
    content, length = InferenceServerClient.generate_request_body(inputs, request_id="mine")
    return bytes(content), length


def test_its_answers_are_the_clouds_bit_for_bit(
    registered: Registered, api_as: ApiAs, tmp_path: Path
) -> None:
    project, cloud = registered.project, api_as("invoker")
    content, length = binary_request()
    binary = {"inference-header-content-length": str(length)}
    rows = {"dataframe_records": [ROW, ROW | {"age": None}], "params": {"output": "probability"}}
    csv = "age,purpose,foreign\n44.4,car,true\n,house,false\n"
    json_inputs = {
        "inputs": [
            {"name": "age", "shape": [1], "datatype": "FP64", "data": [60.1]},
            {"name": "purpose", "shape": [1], "datatype": "BYTES", "data": ["car"]},
            {"name": "foreign", "shape": [1], "datatype": "BOOL", "data": [True]},
        ]
    }
    with serving(registered, tmp_path / "state") as server, httpx.Client(base_url=server.url) as edge:
        address = f"/endpoints/{project}/production/invocations"
        as_csv = {"content-type": "text/csv"}
        for path, options in (
            (address, {"json": rows}),
            (address, {"content": csv, "headers": as_csv}),
            (f"/v2/models/{project}/infer", {"json": json_inputs}),
        ):
            here, there = edge.post(path, **options), cloud.post(path, **options)
            assert (here.status_code, there.status_code) == (200, 200), here.text
            assert _numbers(here.json()) == _numbers(there.json())
        here, there = (
            client.post(f"/v2/models/{project}/infer", content=content, headers=binary)
            for client in (edge, cloud)
        )
        assert _tensors(here) == _tensors(there)
        refused = edge.post("/invocations", json={"instances": [ROW | {"age": 17}]})
        assert refused.status_code == 400
        assert refused.json() == cloud.post(address, json={"instances": [ROW | {"age": 17}]}).json()


def _numbers(answer: Mapping[str, Any]) -> Any:
    return answer.get("predictions") or [tensor["data"] for tensor in answer["outputs"]]


def _tensors(answer: httpx.Response) -> bytes:
    assert answer.status_code == 200, answer.text
    return answer.content[int(answer.headers["inference-header-content-length"]) :]


def test_what_it_answered_comes_home_once_though_it_was_killed(
    registered: Registered, stack: StackStatus, tokens: dict[str, str], api_as: ApiAs, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with serving(registered, state) as offline:
        ids = [offline.score() for _ in range(5)]
        offline.process.send_signal(signal.SIGKILL)
        offline.process.wait()
        assert offline.waiting() == len(ids)

    home = {"SLUICE_HOME_URL": stack.api_url, "SLUICE_HOME_TOKEN": tokens["invoker"]}
    with serving(registered, state, SLUICE_EDGE_DEVICE="till-7", **home) as online:
        ids.append(online.score())
        explained = httpx.post(f"{online.url}/explain", json={"instances": [ROW]}, timeout=30)
        assert explained.status_code == 200, explained.text
        ids.append(explained.headers["x-sluice-request-id"])
        _await(lambda: online.waiting() == 0)
        online.process.send_signal(signal.SIGTERM)
        assert online.process.wait(timeout=30) == 0

    story = api_as("admin").get(f"/sluice/v1/predictions/{ids[-1]}.0/explanation")
    assert story.status_code == 200, story.text
    assert story.json()["explanation"] in [each["explanation"] for each in explained.json()["explanations"]]
    kept = [registered.ledger.get("default", request_id) for request_id in ids]
    assert [request and (request.environment, request.variant) for request in kept] == [
        ("edge", "till-7")
    ] * len(ids)
    assert kept[0] is not None
    assert kept[0].features == {"age": [60.1], "purpose": ["Zürich"], "foreign": [0.0]}


def test_a_full_ledger_and_a_wrong_token_are_told_in_the_protocols_form(
    registered: Registered, tmp_path: Path
) -> None:
    settings = {"SLUICE_EDGE_LEDGER_BYTES": "10000", "SLUICE_EDGE_TOKEN": "secret"}
    with serving(registered, tmp_path / "state", **settings) as server:
        headers = {"authorization": "Bearer secret"}
        with httpx.Client(base_url=server.url, headers=headers) as edge:
            answers = [edge.post("/invocations", json={"instances": [ROW]}) for _ in range(20)]
            codes = [answer.status_code for answer in answers]
            assert sorted(set(codes)) == [200, 429]
            assert answers[-1].json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
            assert server.waiting() == codes.count(200)
            stranger = httpx.post(f"{server.url}/invocations", json={"instances": [ROW]})
            assert (stranger.status_code, stranger.json()["error_code"]) == (401, "UNAUTHENTICATED")
            large = edge.post("/invocations", content=b"x" * 6_000_000, headers={"content-type": "text/csv"})
            assert (large.status_code, large.json()["error_code"]) == (413, "BAD_REQUEST")
            assert edge.post("/v2/models/other/infer", json={}).status_code == 404
            # A body that ends before its Content-Length says so costs nobody else an answer.
            with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 5) as liar:
                liar.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{}")
            assert edge.get("/ping").status_code == 200


class RuntimeApi(HTTPServer):
    """Lambda's runtime API for one invocation: gives an event, takes its answer."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeHandler)
        self.event, self.answers = event, list[tuple[str, Any]]()

    def handle_both(self) -> None:
        """The question for an event, and its answer."""
        self.handle_request()
        self.handle_request()


class _RuntimeHandler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        content = json.dumps(self.server.event).encode()
        self.send_response(200)
        for name, value in (
            ("Lambda-Runtime-Aws-Request-Id", "1"),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:edge"),
            ("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000)),
            ("Lambda-Runtime-Trace-Id", "Root=1-0-0"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.append((self.path, json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Says nothing."""


def test_under_lambdas_runtime_the_record_is_at_home_before_the_answer(
    registered: Registered, stack: StackStatus, tokens: dict[str, str], tmp_path: Path
) -> None:
    event = {
        "version": "2.0",
        "rawPath": "/invocations",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/invocations"}},
        "body": json.dumps({"instances": [ROW]}),
        "isBase64Encoded": False,
    }
    with RuntimeApi(event) as runtime:
        settings = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
            "SLUICE_HOME_URL": stack.api_url,
            "SLUICE_HOME_TOKEN": tokens["invoker"],
            "SLUICE_EDGE_DEVICE": "cloud-2",
        }
        process = subprocess.Popen(
            [registered.python, registered.folder / "serve.py", "lambda"],
            env=_environment(registered, tmp_path, **settings),
            stdout=subprocess.DEVNULL,
        )
        answering = Thread(target=runtime.handle_both)
        answering.start()
        answering.join(SECONDS)
        process.kill()
        process.wait()

    ((path, answer),) = runtime.answers
    assert path.endswith("/invocation/1/response")
    assert answer["statusCode"] == 200, answer
    kept = registered.ledger.get("default", answer["headers"]["x-sluice-request-id"])
    assert kept is not None
    assert (kept.environment, kept.variant) == ("edge", "cloud-2")


def test_a_changed_file_is_refused_at_the_start(registered: Registered, tmp_path: Path) -> None:
    changed = registered.folder / "model" / "model.onnx"
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + b"!")
    try:
        started = subprocess.run(
            [registered.python, registered.folder / "serve.py"],
            env=_environment(registered, tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        changed.write_bytes(content)

    assert started.returncode == 1
    assert "refused to start: model/model.onnx is not what was signed" in started.stderr
