"""Every operator of the five searches by the unmodified client, two results a page, in a fresh tenant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.local.conftest import FreshTenant

pytestmark = pytest.mark.filterwarnings("ignore")

RUNS: dict[str, dict[str, Any]] = {
    "one": {"auc": 0.5, "depth": "3", "team": "risk", "a b": "x y", "data": ("train", "d1", "training")},
    "two": {"auc": 0.9, "depth": "10", "team": "Risk", "end": 20},
    "three": {"auc": math.nan, "depth": "30", "data": ("test", "d2", "evaluation")},
    "four": {"team": "ops", "end": 40},
}
START = {"one": 10, "two": 20, "three": 30, "four": 40}

#: What each filter finds, by name and in the order of names.
FOUND: dict[str, dict[str, str]] = {
    "runs": {
        "": "four one three two",
        "metrics.auc = 0.5": "one",
        "metrics.auc != 0.5": "three two",
        "metrics.auc > 0.5": "two",
        "metrics.auc >= 0.5": "one two",
        "metrics.`auc` < 0.9": "one",
        'metric."auc" <= 0.9': "one two",
        "params.depth = '3'": "one",
        "params.depth != '3'": "three two",
        "params.depth LIKE '3%'": "one three",
        "param.depth ILIKE '_0'": "three two",
        "params.depth IS NULL": "four",
        "params.depth IS NOT NULL": "one three two",
        "tags.team = 'risk'": "one",
        "tags.team != 'risk'": "four two",
        "tags.team LIKE 'R%'": "two",
        "tag.team ILIKE 'R%'": "one two",
        "tags.`a b` = 'x y'": "one",
        'tags."a b" = "x y"': "one",
        "tags.team IS NULL": "three",
        "tags.team IS NOT NULL": "four one two",
        "status = 'FINISHED'": "four two",
        "attributes.status != 'FINISHED'": "one three",
        "run_name LIKE 't%'": "three two",
        "run_name ILIKE 'T%' AND metrics.auc > 0.1": "two",
        "run_id = '{one}'": "one",
        "run_id IN ('{one}', '{two}')": "one two",
        "run_id NOT IN ('{one}', '{two}')": "four three",
        "start_time > 20": "four three",
        "start_time >= 20 AND start_time < 40": "three two",
        "attr.end_time <= 20": "two",
        "created = 10": "one",
        "datasets.name = 'train'": "one",
        "dataset.digest != 'd1'": "three",
        "datasets.context LIKE '%ation'": "three",
        "datasets.name ILIKE 'T%'": "one three",
        "datasets.digest IN ('d1', 'd2')": "one three",
        "datasets.context NOT IN ('training')": "three",
        "user_id = 'nobody' AND artifact_uri LIKE '%'": "",
    },
    "experiments": {
        "": "Default a-1 a-2 b-1",
        "name = 'a-1'": "a-1",
        "name != 'a-1'": "Default a-2 b-1",
        "name LIKE 'a-%'": "a-1 a-2",
        "attribute.name ILIKE 'A-_'": "a-1 a-2",
        "experiment_id = '0'": "Default",
        "experiment_id != '0' AND name LIKE '%-1'": "a-1 b-1",
        "experiment_id IN ('0')": "Default",
        "experiment_id NOT IN ('0')": "a-1 a-2 b-1",
        "tags.team = 'a'": "a-1 a-2",
        "tags.`team` != 'a'": "b-1",
        "tags.team LIKE 'B%'": "b-1",
        "tag.team ILIKE 'b%'": "b-1",
        "tags.team IS NULL": "Default",
        "tags.team IS NOT NULL": "a-1 a-2 b-1",
        "creation_time > 1 AND last_update_time >= 1": "Default a-1 a-2 b-1",
        "creation_time <= 1": "",
    },
    "models": {
        "": "m-a m-b n",
        "name = 'm-a'": "m-a",
        "name != 'm-a'": "m-b n",
        "name LIKE 'm%'": "m-a m-b",
        "name ILIKE 'M-_'": "m-a m-b",
        "name IN ('n', 'm-b')": "m-b n",
        "name NOT IN ('n', 'm-b')": "m-a",
        "tags.team = 'risk'": "m-a",
        "tag.team != 'risk'": "n",
        "tags.`team` LIKE 'O%'": "n",
        'tags."team" ILIKE "o%"': "n",
        "tags.`mlflow.prompt.is_prompt` != 'true'": "m-a m-b n",
    },
    "versions": {
        "": "m-a1 m-a2 m-b1 n1",
        "name = 'm-a'": "m-a1 m-a2",
        "name != 'm-a'": "m-b1 n1",
        "name LIKE '%-b'": "m-b1",
        "name ILIKE 'M%' AND version_number = 1": "m-a1 m-b1",
        "name IN ('n', 'm-b')": "m-b1 n1",
        "name NOT IN ('n', 'm-b')": "m-a1 m-a2",
        "run_id = '{one}'": "m-a1 m-a2",
        "run_id != '{one}'": "m-b1 n1",
        "run_id IN ('{one}', '{two}')": "m-a1 m-a2 m-b1",
        "run_id NOT IN ('{one}', '{two}')": "n1",
        "source_path = 's3://b/1'": "n1",
        "source_path LIKE 'runs:/{two}%'": "m-b1",
        "source_path ILIKE 'S3%'": "n1",
        "version_number > 1": "m-a2",
        "version_number != 1": "m-a2",
        "version_number <= 1 AND tags.stage = 'new'": "m-a1",
        "tags.`stage` != 'new'": "m-b1",
        "tags.stage LIKE 'o%'": "m-b1",
        "tags.stage ILIKE 'N%'": "m-a1",
    },
    "logged": {
        "": "x1 x2 x3",
        "name = 'x1'": "x1",
        "attributes.name != 'x1'": "x2 x3",
        "name LIKE 'x%'": "x1 x2 x3",
        "name ILIKE 'X_' AND model_type = 'onnx'": "x2",
        "name IN ('x1', 'x3')": "x1 x3",
        "name NOT IN ('x1', 'x3')": "x2",
        "status = 'READY'": "",
        "status != 'READY'": "x1 x2 x3",
        "source_run_id = '{one}'": "x1 x2 x3",
        "params.lr = '0.1'": "x2",
        "params.lr = 0.1": "x2",
        "params.lr != '0.1'": "x1 x3",
        "params.lr IN ('0.0', '0.1')": "x1 x2",
        "params.lr LIKE '0.%'": "x1 x2 x3",
        "tags.kind = 'odd'": "x2",
        "tags.kind NOT IN ('odd')": "x1 x3",
        "tags.`kind` ILIKE 'O%'": "x2",
        "metrics.acc = 0.5": "x2",
        "metrics.acc != 0.5": "x1 x3",
        "metrics.acc > 0.4": "x2 x3",
        "metrics.acc >= 0.5 AND metrics.acc < 1": "x2",
        "metrics.acc <= 0.0": "x1",
        "creation_timestamp > 1 AND last_updated_timestamp > 1": "x1 x2 x3",
    },
}
#: What no search takes; aliases are no attribute of MLflow's grammar either.
REFUSED = {
    "runs": ["params.a > '1'", "status IN ('x')", "metrics.a LIKE 'x'", "a = 'b' OR c = 'd'"],
    "experiments": ["name > 'a'", "metrics.a = 1", "creation_time LIKE '1'", "creation_time > 0.5"],
    "models": ["name > 'a'", "tags.a IS NULL", "aliases = 'champion'", "run_id = 'x'"],
    "versions": ["version_number = '1'", "version_number > 0.5", "aliases = 'champion'"],
    "logged": ["name > 'a'", "metrics.acc > 'x'", "params.a IS NULL", "nothing = 'x'"],
}  # fmt: skip


@pytest.fixture
def client(fresh_tenant: FreshTenant, monkeypatch: pytest.MonkeyPatch) -> Any:
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", fresh_tenant.api_url)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", fresh_tenant.token)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    return mlflow.MlflowClient()


def test_every_operator_finds_what_it_says_page_by_page(client: Any) -> None:
    from mlflow.exceptions import MlflowException

    ids = _runs(client)
    _models(client, ids)
    searches = _searches(client, ids["experiment"])
    different: list[Any] = []
    for what, table in FOUND.items():
        for text, names in table.items():
            found = _every_page(searches[what], text.format(**ids))
            if found != names.split():
                different.append((what, text, found, names))
        for text in REFUSED[what]:
            with pytest.raises(MlflowException, match=r"at character \d+") as refused:
                searches[what](text, None)
            assert refused.value.error_code == "INVALID_PARAMETER_VALUE", text
    assert different == []


def _every_page(search: Callable[[str, str | None], Any], text: str) -> list[str]:
    found, token = [], None
    while True:
        page = search(text, token)
        assert len(page) <= 2
        found += [
            one.info.run_name if hasattr(one, "info") else one.name + str(getattr(one, "version", ""))
            for one in page
        ]
        token = page.token
        if not token:
            return found


def _searches(client: Any, experiment: str) -> dict[str, Callable[[str, str | None], Any]]:
    from mlflow.entities import ViewType

    by_name = [{"field_name": "name", "ascending": True}]
    return {
        "runs": lambda text, token: client.search_runs(
            [experiment], text, ViewType.ACTIVE_ONLY, 2, ["run_name ASC"], token
        ),
        "experiments": lambda text, token: client.search_experiments(
            ViewType.ALL, 2, text, ["name ASC"], token
        ),
        "models": lambda text, token: client.search_registered_models(text, 2, ["name ASC"], token),
        "versions": lambda text, token: client.search_model_versions(
            text, 2, ["name ASC", "version_number ASC"], token
        ),
        "logged": lambda text, token: client.search_logged_models(
            [experiment], text, max_results=2, order_by=by_name, page_token=token
        ),
    }


def _runs(client: Any) -> dict[str, str]:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    ids = {"experiment": client.create_experiment("a-1", tags={"team": "a"})}
    client.create_experiment("a-2", tags={"team": "a"})
    client.create_experiment("b-1", tags={"team": "B"})
    for name, given in RUNS.items():
        tags = {key: given[key] for key in ("team", "a b") if key in given}
        run = client.create_run(ids["experiment"], START[name], tags, name).info.run_id
        if "auc" in given:
            client.log_metric(run, "auc", given["auc"])
        if "depth" in given:
            client.log_param(run, "depth", given["depth"])
        if "data" in given:
            dataset, digest, context = given["data"]
            read = DatasetInput(
                Dataset(dataset, digest, "local", "s"), [InputTag("mlflow.data.context", context)]
            )
            client.log_inputs(run, [read])
        if "end" in given:
            client.set_terminated(run, end_time=given["end"])
        ids[name] = run
    return ids


def _models(client: Any, ids: dict[str, str]) -> None:
    for name, tags in (("m-a", {"team": "risk"}), ("m-b", {}), ("n", {"team": "Ops"})):
        client.create_registered_model(name, tags)
    for name, run, tags in (
        ("m-a", "one", {"stage": "new"}),
        ("m-a", "one", {}),
        ("m-b", "two", {"stage": "old"}),
    ):
        client.create_model_version(name, f"runs:/{ids[run]}/model", ids[run], tags)
    client.create_model_version("n", "s3://b/1")
    for number, kind in enumerate("onnx" if one == 1 else "sklearn" for one in range(3)):
        made = client.create_logged_model(
            ids["experiment"],
            f"x{number + 1}",
            ids["one"],
            {"kind": "odd" if number % 2 else "even"},
            {"lr": f"{number / 10}"},
            kind,
        )
        client.log_metric(ids["one"], "acc", number / 2, model_id=made.model_id)
