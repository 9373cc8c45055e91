"""Moving in from services that are MLflow with a door of their own: MLflow's server behind imitated ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.local.conftest import FreshTenant
from tests.local.imitated_services import TOKEN, WORKSPACE, Azure, Databricks, imitated
from tests.local.transfer_scene import client, contents, fill, run

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.long]


@pytest.fixture(scope="module")
def theirs(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A filled server, with a logged model beside the runs; its contents, as they are without aliases."""
    folder = tmp_path_factory.mktemp("up")
    server = client(mlflow_server)
    fill(server, folder, children=1)
    e = server.get_experiment_by_name("sweep").experiment_id
    model = server.create_logged_model(e, name="lm")
    server.log_model_artifacts(model.model_id, str(folder))
    server.finalize_logged_model(model.model_id, "READY")
    found = contents(server, tmp_path_factory.mktemp("before"))
    return {**found, "m": (*found["m"][:2], {})}


def test_an_azure_workspace_moves_in(
    theirs: Any, mlflow_server: str, fresh_tenant: FreshTenant, tmp_path: Path
) -> None:
    with imitated(Azure, mlflow_server) as (host, asked):
        address = f"{host}/mlflow/v2.0{WORKSPACE}"
        refused = run(fresh_tenant, "import", "--from", address, "--token", "another")
        done = run(fresh_tenant, "import", "--from", address, "--token", TOKEN)

    assert refused.returncode == 4, refused.stdout + refused.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no logged models" in done.stdout
    ours = client(fresh_tenant.api_url, fresh_tenant.token)
    assert contents(ours, tmp_path / "after") == theirs
    assert any(one.endswith("/artifacts/contentinfo") for one in asked)


def test_mlflows_own_client_for_databricks_reads_the_imitation(
    theirs: Any, mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with imitated(Databricks, mlflow_server) as (host, _):
        monkeypatch.setenv("DATABRICKS_HOST", host)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks")  # where its files ask for credentials
        assert contents(client("databricks"), tmp_path) == theirs


def test_a_databricks_workspace_moves_in_with_its_logged_models(
    theirs: Any,
    mlflow_server: str,
    fresh_tenant: FreshTenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with imitated(Databricks, mlflow_server) as (host, asked):
        monkeypatch.setenv("DATABRICKS_HOST", host)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        done = run(fresh_tenant, "import", "--from", "databricks")

    assert done.returncode == 0, done.stdout + done.stderr
    ours = client(fresh_tenant.api_url, fresh_tenant.token)
    assert contents(ours, tmp_path / "after") == theirs
    [model] = ours.search_logged_models([ours.get_experiment_by_name("sweep").experiment_id])
    held = {one.path for one in ours.list_logged_model_artifacts(model.model_id)}
    assert (model.name, held) == ("lm", {"large.bin", "a b ü.txt"})
    assert any(one.endswith("credentials-for-download") for one in asked)
