"""Two servers behind doors of our own, and all that one of them holds, to be compared."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx

from sluice.client.transfer import MlflowServer, Report, Selection, transfer
from tests.stores.tracking.scenes import Client

EVERYTHING = Selection()
_ONE_AT_A_TIME = threading.Lock()
"""The imitated DynamoDB takes no two threads."""

Fault = Callable[[httpx.Request], httpx.Response | None]


class Nobody:
    def expect(self, kind: str, count: int) -> None: ...

    def done(self, kind: str) -> None: ...


def server(client: Client, fault: Fault = lambda _: None) -> MlflowServer:
    """The door as a server; `fault` may break the connection after an answer was made, or give another."""

    def respond(request: httpx.Request) -> httpx.Response:
        json_body = request.headers.get("content-type") == "application/json"
        kind = "application/json" if json_body else "application/octet-stream"
        query = dict(request.url.params.multi_items())
        path = request.url.raw_path.decode().split("?")[0]
        with _ONE_AT_A_TIME:
            answer = client.send(request.method, path, request.read(), query=query, kind=kind)
            if other := fault(request):
                return other
        return httpx.Response(answer.status, headers=answer.headers, content=answer.content)

    url = f"http://{client.tenant}.test"
    return MlflowServer(url, http=httpx.Client(transport=httpx.MockTransport(respond)))


def copy(source: MlflowServer, target: MlflowServer, selection: Selection = EVERYTHING, **how: Any) -> Report:
    return transfer(source, target, selection, Nobody(), **how)


def new_run(client: Client, experiment: str, name: str, tags: dict[str, str] | None = None) -> str:
    listed = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    body = {"experiment_id": experiment, "run_name": name, "user_id": "ada", "start_time": 1_000}
    return str(client.post("runs/create", tags=listed, **body).json["run"]["info"]["run_id"])


def put(client: Client, path: str, content: bytes) -> None:
    address = f"/api/2.0/mlflow-artifacts/artifacts/{path.replace(' ', '%20')}"
    assert client.send("PUT", address, content, kind="application/octet-stream").status == 200


def contents(client: Client) -> Any:
    """All that a server holds, with names in place of ids."""
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    for experiment in client.post("experiments/search", max_results=100).json["experiments"]:
        runs = client.post("runs/search", experiment_ids=[experiment["experiment_id"]]).json["runs"]
        names |= {run["info"]["run_id"]: run["info"]["run_name"] for run in runs}
        models = client.post("logged-models/search", experiment_ids=[experiment["experiment_id"]]).json[
            "models"
        ]
        names |= {model["info"]["model_id"]: f"model {model['info']['name']}" for model in models}
        found[experiment["name"]] = {
            "tags": tags(experiment.get("tags", [])),
            "runs": {run["info"]["run_name"]: run_contents(client, run, names) for run in reversed(runs)},
            "models": [model_contents(client, model, names) for model in models],
        }
    found["registry"] = [
        {
            "model": (model["name"], model.get("description"), tags(model.get("tags", []))),
            "aliases": model.get("aliases"),
            "versions": sorted(
                (v["version"], v["current_stage"], v.get("description"), named(v["source"], names))
                for v in client.get("model-versions/search", filter=f"name = '{model['name']}'").json[
                    "model_versions"
                ]
            ),
        }
        for model in client.get("registered-models/search").json["registered_models"]
    ]
    return found


def run_contents(client: Client, run: Any, names: dict[str, str]) -> Any:
    info, data = run["info"], run["data"]
    keys = sorted(metric["key"] for metric in data.get("metrics", []))
    history = {
        key: client.get("metrics/get-history", run_id=info["run_id"], metric_key=key).json["metrics"]
        for key in keys
    }
    outputs = run.get("outputs", {}).get("model_outputs", [])
    return {
        "info": [info.get(name) for name in ("status", "user_id", "start_time", "end_time")],
        "params": data.get("params"),
        "tags": {key: named(value, names) for key, value in tags(data["tags"]).items()},
        "history": {key: [(p["step"], p["timestamp"], p["value"]) for p in history[key]] for key in keys},
        "inputs": run.get("inputs", {}).get("dataset_inputs"),
        "outputs": [(names.get(one["model_id"], "?"), one.get("step")) for one in outputs],
        "files": files(client, info["artifact_uri"]),
    }


def model_contents(client: Client, model: Any, names: dict[str, str]) -> Any:
    info, metrics = model["info"], model.get("data", {}).get("metrics", [])
    return {
        "info": (info["name"], info["status"], names[info["source_run_id"]]),
        "metrics": [(m["key"], m["value"], names[m["run_id"]]) for m in metrics],
        "files": files(client, info["artifact_uri"]),
    }


def files(client: Client, uri: str, below: str = "") -> dict[str, bytes]:
    base = uri.removeprefix("mlflow-artifacts:/")
    found: dict[str, bytes] = {}
    listed = client.send(
        "GET", "/api/2.0/mlflow-artifacts/artifacts", query={"path": f"{base}/{below}".rstrip("/")}
    ).json
    for entry in listed["files"]:
        path = f"{below}/{entry['path']}".lstrip("/")
        if entry["is_dir"]:
            found |= files(client, uri, path)
        else:
            address = f"/api/2.0/mlflow-artifacts/artifacts/{base}/{path}".replace(" ", "%20")
            found[path] = client.send("GET", address).content
    return found


def tags(entries: Any) -> dict[str, str]:
    """Without what a transfer writes, and what the server writes itself."""
    return {
        one["key"]: one["value"]
        for one in entries
        if not one["key"].startswith("sluice.imported.") and one["key"] != "mlflow.modelVersions"
    }


def named(text: str, names: dict[str, str]) -> str:
    for found, name in names.items():
        text = text.replace(found, name)
    return text if not text.startswith("mlflow-artifacts:/") else text.split("/", 2)[2]
