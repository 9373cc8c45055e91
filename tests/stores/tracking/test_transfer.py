"""From server to server over the protocol: everything, once, however often it is interrupted."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from functions.track_runs.door import Door
from sluice.client.errors import NotReachable, Refused, Unauthorized
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


@pytest.fixture
def here(door: Door) -> Client:
    return Client(door, tenant="here")


@pytest.fixture
def away(door: Door) -> Client:
    return Client(door, tenant="away")


@pytest.fixture
def filled(away: Client) -> Client:
    """Two experiments: a nested sweep with files, a dataset, a logged model; registered versions 2 and 3."""
    e = away.post("experiments/create", name="sweep", tags=[{"key": "team", "value": "risk"}]).json[
        "experiment_id"
    ]
    away.post("experiments/create", name="empty")
    parent = new_run(away, e, "parent")
    child = new_run(away, e, "child", {"mlflow.parentRunId": parent})
    points = [{"key": "loss", "value": n / 7, "timestamp": n, "step": n} for n in range(1_200)]
    odd = [{"key": "odd", "value": v, "timestamp": 5, "step": 0} for v in ("NaN",)]
    for begin in (0, 900):
        away.post("runs/log-batch", run_id=child, metrics=points[begin : begin + 900] or odd)
    away.post("runs/log-batch", run_id=child, metrics=odd, params=[{"key": "c", "value": "ü" * 3_000}])
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "s", "schema": "{}"}
    away.post(
        "runs/log-inputs",
        run_id=child,
        datasets=[{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}],
    )
    model = away.post("logged-models", experiment_id=e, name="m", source_run_id=child).json["model"]["info"]
    put(away, f"{e}/models/{model['model_id']}/artifacts/MLmodel", b"flavors: {}")
    away.patch(f"logged-models/{model['model_id']}", status="LOGGED_MODEL_READY")
    away.post("runs/outputs", run_id=child, models=[{"model_id": model["model_id"], "step": 3}])
    away.post(
        "runs/log-metric", run_id=child, key="auc", value=0.9, timestamp=1, step=0, model_id=model["model_id"]
    )
    put(away, f"{e}/{child}/artifacts/deep/a b.txt", b"content")
    put(away, f"{e}/{child}/artifacts/empty", b"")
    for run_id in (parent, child):
        away.post("runs/update", run_id=run_id, status="FINISHED", end_time=2_000)
    away.post("registered-models/create", name="m", description="words", tags=[{"key": "a", "value": "b"}])
    for source, more in (
        (f"mlflow-artifacts:/{e}/{child}/artifacts/deep", {"run_id": child}),
        (f"mlflow-artifacts:/{e}/{child}/artifacts/deep", {"run_id": child, "description": "kept"}),
        (f"models:/{model['model_id']}", {"model_id": model["model_id"]}),
    ):
        assert away.post("model-versions/create", name="m", source=source, **more).status == 200
    away.delete("model-versions/delete", name="m", version="1")
    away.post("registered-models/alias", name="m", alias="champion", version="3")
    away.post("model-versions/transition-stage", name="m", version="2", stage="Staging")
    return away


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


@pytest.mark.long
def test_everything_is_there_afterwards_and_again_changes_nothing(filled: Client, here: Client) -> None:
    report = copy(server(filled), server(here))
    assert (report.notes, report.failed) == ([], 0)
    assert contents(here) == contents(filled)

    again = copy(server(filled), server(here))
    assert {outcome for _, outcome in again.counts} == {"unchanged"}
    assert contents(here) == contents(filled)


@pytest.mark.long
def test_what_has_grown_is_added(filled: Client, here: Client) -> None:
    copy(server(filled), server(here))
    experiment = filled.get("experiments/get-by-name", experiment_name="sweep").json["experiment"]
    runs = filled.post("runs/search", experiment_ids=[experiment["experiment_id"]]).json["runs"]
    ids = {run["info"]["run_name"]: run["info"]["run_id"] for run in runs}
    new_run(filled, experiment["experiment_id"], "late", {"mlflow.parentRunId": ids["parent"]})
    filled.post("runs/log-metric", run_id=ids["child"], key="loss", value=9, timestamp=9_999, step=9_999)
    filled.post("runs/set-tag", run_id=ids["parent"], key="note", value="new")
    filled.post("registered-models/alias", name="m", alias="champion", version="2")

    report = copy(server(filled), server(here))

    assert report.counts["runs", "created"] == 1
    assert report.counts["runs", "updated"] == 2
    assert contents(here) == contents(filled)


def test_killed_anywhere_it_goes_on(filled: Client, here: Client) -> None:
    for steps in (4, 13, 25, 45, 10**6):
        left = iter(range(steps))

        def die(_request: httpx.Request, left: Any = left) -> httpx.Response | None:
            if next(left, None) is None:
                raise httpx.ConnectError("gone")
            return None

        try:
            copy(server(filled), server(here, die))
        except NotReachable:
            continue
        break

    assert contents(here) == contents(filled)


@pytest.mark.long
def test_a_lost_answer_makes_nothing_twice(filled: Client, here: Client) -> None:
    seen = itertools.count(1)

    def lose(request: httpx.Request) -> httpx.Response | None:
        if request.method in {"POST", "PATCH", "PUT"} and next(seen) % 3 == 0:
            raise httpx.ReadTimeout("lost")
        return None

    report = copy(server(filled), server(here, lose))

    assert report.failed == 0
    assert contents(here) == contents(filled)


def test_a_token_that_runs_out_ends_it_and_a_new_one_goes_on(filled: Client, here: Client) -> None:
    left = iter(range(20))

    def expire(_request: httpx.Request) -> httpx.Response | None:
        azure = {"error": {"code": "TokenExpired", "message": "The token has expired"}}
        return httpx.Response(401, json=azure) if next(left, None) is None else None

    with pytest.raises(Unauthorized, match="The token has expired"):
        copy(server(filled, expire), server(here))

    assert copy(server(filled), server(here)).failed == 0
    assert contents(here) == contents(filled)


def test_a_registry_that_is_switched_off_is_told_and_the_rest_copied(filled: Client, here: Client) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        off = {"error_code": "FEATURE_DISABLED", "message": "The workspace model registry is disabled"}
        return httpx.Response(400, json=off) if "registered-models" in request.url.path else None

    report = copy(server(filled, refuse), server(here))

    assert report.notes == ["the source has no model registry: registered models are left out"]
    assert contents(here)["sweep"]["runs"].keys() == contents(filled)["sweep"]["runs"].keys()


def test_a_selected_model_brings_the_runs_it_was_made_from_only(filled: Client, here: Client) -> None:
    new_run(filled, "0", "elsewhere")
    copy(server(filled), server(here), Selection(models=["m"]))

    found, whole = contents(here), contents(filled)
    assert list(found["sweep"]["runs"]) == ["child"]
    assert "empty" not in found
    assert found["registry"] == whole["registry"]
    with pytest.raises(Refused, match="nowhere"):
        copy(server(filled), server(here), Selection(experiments=["nowhere"]))


@pytest.mark.long
def test_what_cannot_be_carried_over_is_told(filled: Client, here: Client) -> None:
    copy(server(filled), server(here))
    experiment = here.get("experiments/get-by-name", experiment_name="sweep").json["experiment"]
    runs = here.post("runs/search", experiment_ids=[experiment["experiment_id"]]).json["runs"]
    here.post("runs/delete", run_id=runs[0]["info"]["run_id"])

    report = copy(server(filled), server(here))

    assert ["is left so" in note for note in report.notes] == [True]
    left = here.post("runs/search", experiment_ids=[experiment["experiment_id"]]).json["runs"]
    assert len(left) == len(runs) - 1


@pytest.mark.long
def test_an_older_server_without_logged_models_and_aliases_is_copied_too(
    filled: Client, here: Client
) -> None:
    plain = server(filled)
    request = plain.request

    def old(method: str, path: str, **options: Any) -> httpx.Response:
        if "logged-models" in path:
            missing = httpx.Response(404, json={"error_code": "ENDPOINT_NOT_FOUND", "message": "no"})
            from sluice.client.transport import accepted

            return accepted(missing)
        return request(method, path, **options)

    plain.request = old  # type: ignore[method-assign]
    report = copy(plain, server(here))

    assert any("logged models" in note for note in report.notes)
    assert report.counts["runs", "created"] == 2
