"""Registry and logged models at the door: limits, errors, searches, pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stores.tracking.scenes import Client, refused


@pytest.fixture
def run(client: Client) -> dict[str, Any]:
    experiment = client.post("experiments/create", name="credit").json["experiment_id"]
    answer = client.post("runs/create", experiment_id=experiment)
    info: dict[str, Any] = answer.json["run"]["info"]
    return info


@pytest.fixture
def model(client: Client) -> str:
    client.post("registered-models/create", name="m")
    return "m"


def test_names_tags_and_aliases_up_to_their_limits(client: Client, model: str) -> None:
    assert client.post("registered-models/create", name="ü" * 256).status == 200
    refused(client.post("registered-models/create", name="x" * 257))
    for name in ("", "  ", "a/b", "a:b", ".."):
        refused(client.post("registered-models/create", name=name))
    refused(client.post("registered-models/create", name="m"), 400, "RESOURCE_ALREADY_EXISTS")
    set_tag = "registered-models/set-tag"
    assert client.post(set_tag, name=model, key="k" * 250, value="x" * 100_000).status == 200
    refused(client.post(set_tag, name=model, key="k", value="x" * 100_001))
    refused(client.post(set_tag, name=model, key="k" * 251, value="x"))
    client.post("model-versions/create", name=model, source="s3://b/k")
    alias = "registered-models/alias"
    assert client.post(alias, name=model, alias="a" * 255, version="1").status == 200
    for bad in ("a" * 256, "", "a b", "latest", "LATEST", "v1", "V22"):
        refused(client.post(alias, name=model, alias=bad, version="1"))
    for bad in ("x", "-1", "1.0", ""):
        refused(client.post(alias, name=model, alias="a", version=bad))
    refused(client.post(alias, name=model, alias="a", version="2"), 404, "RESOURCE_DOES_NOT_EXIST")


def test_a_missing_alias_is_a_bad_request(client: Client, model: str) -> None:
    refused(client.get("registered-models/alias", name=model, alias="champion"))
    refused(client.get("registered-models/alias", name="x", alias="a"), 404, "RESOURCE_DOES_NOT_EXIST")


def test_stages_are_spelled_as_anybody_likes(client: Client, model: str) -> None:
    for _ in range(2):
        client.post("model-versions/create", name=model, source="s3://b/k")
    moved = client.post("model-versions/transition-stage", name=model, version="1", stage="production")
    assert moved.json["model_version"]["current_stage"] == "Production"
    latest = client.get("registered-models/get-latest-versions", name=model).json["model_versions"]
    assert {(one["current_stage"], one["version"]) for one in latest} == {("Production", "1"), ("None", "2")}
    some = client.post("registered-models/get-latest-versions", name=model, stages=["NONE"]).json
    assert [one["version"] for one in some["model_versions"]] == ["2"]
    refused(client.post("model-versions/transition-stage", name=model, version="1", stage="Live"))


def test_models_and_versions_come_in_pages_and_orders(client: Client) -> None:
    for name in ("b", "a", "c"):
        client.post("registered-models/create", name=name, tags=[{"key": "team", "value": name}])
        for _ in range(2):
            client.post("model-versions/create", name=name, source=f"s3://b/{name}")
    first = client.get("registered-models/search", max_results=2).json
    assert [one["name"] for one in first["registered_models"]] == ["a", "b"]
    assert [one["version"] for one in first["registered_models"][0]["latest_versions"]] == ["2"]
    rest = client.get("registered-models/search", max_results=2, page_token=first["next_page_token"]).json
    assert [one["name"] for one in rest["registered_models"]] == ["c"]
    refused(client.get("registered-models/search", filter="name = 'a'", page_token=first["next_page_token"]))
    refused(client.get("registered-models/search", max_results=1_001))
    found = client.get("registered-models/search", filter="tags.team != 'a'", order_by=["name DESC"]).json
    assert [one["name"] for one in found["registered_models"]] == ["c", "b"]

    def versions(text: str, *order: str) -> list[str]:
        answer = client.get("model-versions/search", filter=text, order_by=list(order)).json
        return [one["name"] + one["version"] for one in answer["model_versions"]]

    assert versions("name = 'a'") == ["a2", "a1"]
    assert versions("name IN ('a', 'c')", "name DESC", "version_number ASC") == ["c1", "c2", "a1", "a2"]
    assert versions("source_path LIKE '%/b' AND version_number > 1") == ["b2"]
    assert versions("name ILIKE 'A'", "version_number") == ["a1", "a2"]


def test_a_model_of_a_project_keeps_its_name(client: Client) -> None:
    client.post(
        "registered-models/create", name="credit", tags=[{"key": "sluice.project", "value": "credit"}]
    )
    refused(client.post("registered-models/rename", name="credit", new_name="x"), 409, "RESOURCE_CONFLICT")
    refused(client.delete("registered-models/delete", name="credit"), 409, "RESOURCE_CONFLICT")


@pytest.mark.parametrize(
    "source",
    [
        "runs:/{other}/model",
        "runs://host/{run}/model",
        "mlflow-artifacts:/{experiment}/{other}/artifacts/model",
        "mlflow-artifacts:/{experiment}/{run}/artifacts/../../{other}/artifacts",
        "mlflow-artifacts:/{experiment}/{run}/artifacts/%2e%2e/x",
        "mlflow-artifacts:/{experiment}/{run}/artifactsx",
        "http://host/api/2.0/mlflow-artifacts/artifacts/{experiment}/{other}/artifacts",
        "models:/m-00000000000000000000000000000000",
        "/etc/passwd",
        "file:///etc/passwd",
        "./model",
        "model",
        "s3://b/../x",
    ],
)
def test_a_source_belongs_to_whom_it_says(
    client: Client, model: str, run: dict[str, Any], source: str
) -> None:
    other = client.post("runs/create", experiment_id=run["experiment_id"]).json["run"]["info"]["run_id"]
    given = source.format(run=run["run_id"], other=other, experiment=run["experiment_id"])
    answer = client.post("model-versions/create", name=model, source=given, run_id=run["run_id"])
    assert answer.status in {400, 404}, answer.content


def test_a_version_of_a_version_has_its_run(client: Client, model: str, run: dict[str, Any]) -> None:
    source = f"runs:/{run['run_id']}/model"
    client.post("model-versions/create", name=model, source=source, run_id=run["run_id"])
    client.post("registered-models/alias", name=model, alias="champion", version="1")
    client.post("registered-models/create", name="copy")
    made = client.post("model-versions/create", name="copy", source=f"models:/{model}@champion").json
    assert (made["model_version"]["source"], made["model_version"]["run_id"]) == (
        "models:/m/1",
        run["run_id"],
    )


def test_a_logged_model_from_pending_to_deleted(client: Client, run: dict[str, Any]) -> None:
    created = client.post(
        "logged-models",
        experiment_id=run["experiment_id"],
        name="model",
        source_run_id=run["run_id"],
        params=[{"key": "c", "value": "1"}],
    ).json["model"]
    model_id = created["info"]["model_id"]
    root = f"mlflow-artifacts:/{run['experiment_id']}/models/{model_id}/artifacts"
    assert (created["info"]["status"], created["info"]["artifact_uri"]) == ("LOGGED_MODEL_PENDING", root)
    done = client.patch(f"logged-models/{model_id}", status="LOGGED_MODEL_READY").json["model"]
    assert done["info"]["status"] == "LOGGED_MODEL_READY"
    client.patch(f"logged-models/{model_id}/tags", tags=[{"key": "a", "value": "b"}])
    client.post(f"logged-models/{model_id}/params", params=[{"key": "d", "value": "2"}])
    client.delete(f"logged-models/{model_id}/tags/a")
    refused(client.delete(f"logged-models/{model_id}/tags/a"), 404, "RESOURCE_DOES_NOT_EXIST")
    read = client.get(f"logged-models/{model_id}").json["model"]
    assert read["data"]["params"] == [{"key": "c", "value": "1"}, {"key": "d", "value": "2"}]
    assert read["info"]["tags"] == []
    assert client.delete(f"logged-models/{model_id}").status == 200
    refused(client.get(f"logged-models/{model_id}"), 404, "RESOURCE_DOES_NOT_EXIST")
    refused(client.post("logged-models", experiment_id=run["experiment_id"], name="a/b"))


def test_logged_models_are_found_by_what_was_measured_on_which_data(
    client: Client, run: dict[str, Any]
) -> None:
    for number in range(3):
        made = client.post("logged-models", experiment_id=run["experiment_id"], name=f"m{number}").json
        for name, value in (("train", 0.9), ("test", number / 10)):
            client.post(
                "runs/log-metric",
                run_id=run["run_id"],
                key="auc",
                value=value,
                timestamp=1,
                model_id=made["model"]["info"]["model_id"],
                dataset_name=name,
                dataset_digest="d",
            )

    def found(text: str = "", **more: Any) -> list[str]:
        answer = client.post(
            "logged-models/search", experiment_ids=[run["experiment_id"]], filter=text, **more
        )
        return [one["info"]["name"] for one in answer.json["models"]]

    on_test = {"datasets": [{"dataset_name": "test"}]}
    assert found("metrics.auc > 0.05", **on_test) == ["m2", "m1"]
    order = {"field_name": "metrics.auc", "ascending": True, "dataset_name": "test"}
    assert found(order_by=[order]) == ["m0", "m1", "m2"]
    assert found("name = 'm1' AND status = 'LOGGED_MODEL_PENDING'") == ["m1"]
    assert found(datasets=[{"dataset_name": "nobody"}]) == []
    first = client.post("logged-models/search", experiment_ids=[run["experiment_id"]], max_results=2).json
    assert [one["info"]["name"] for one in first["models"]] == ["m2", "m1"]
    again = {"experiment_ids": [run["experiment_id"]], "page_token": first["next_page_token"]}
    rest = client.post("logged-models/search", **again).json
    assert [one["info"]["name"] for one in rest["models"]] == ["m0"]


@pytest.mark.parametrize(
    ("name", "limit"), [("name", 500), ("digest", 36), ("source", 65_535), ("schema", 1_048_575)]
)
def test_a_dataset_up_to_its_limits(client: Client, run: dict[str, Any], name: str, limit: int) -> None:
    def log(length: int) -> Any:
        dataset = {"name": "d", "digest": "x", "source_type": "local", "source": "s", name: "x" * length}
        return client.post("runs/log-inputs", run_id=run["run_id"], datasets=[{"dataset": dataset}])

    assert log(limit).status == 200
    refused(log(limit + 1))
    read = client.get("runs/get", run_id=run["run_id"]).json["run"]["inputs"]["dataset_inputs"]
    assert len(read[0]["dataset"][name]) == limit
    asked = {"experiment_ids": [run["experiment_id"]]}
    (summary,) = client.post("experiments/search-datasets", **asked).json["dataset_summaries"]
    assert summary["name"] == read[0]["dataset"]["name"]
