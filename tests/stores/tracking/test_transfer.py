"""From server to server over the protocol: everything, once, however often it is interrupted."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from functions.track_runs.door import Door
from sluice.client.errors import NotReachable, Refused, Unauthorized
from sluice.client.transfer import Selection
from tests.stores.tracking.scenes import Client
from tests.stores.tracking.transfer_scene import contents, copy, new_run, put, server


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
