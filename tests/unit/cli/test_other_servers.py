"""What people call a server, as MLflow's clients let them, and which address and credentials it comes to."""

from pathlib import Path

import pytest

from sluice.client.errors import NotConfigured
from sluice.client.transfer import MlflowServer, server_called
from sluice.domain.errors import Invalid

SETTINGS = """
[DEFAULT]
host = https://first.cloud.databricks.com
token = one

[staging]
host = adb-2.azuredatabricks.net
token = t%wo
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".databrickscfg").write_text(SETTINGS)
    return tmp_path


def opened(server: MlflowServer) -> tuple[str, str]:
    return server.url, server.authorization


@pytest.mark.parametrize("version", ["v1.0", "v2.0"])
def test_an_azure_workspace_is_called_as_the_portal_shows_it(home: Path, version: str) -> None:
    scope = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w"
    uri = f"azureml://westeurope.api.azureml.ms/mlflow/{version}{scope}?"

    found = opened(server_called(uri, "Bearer t", {}, home))

    assert found == (f"https://westeurope.api.azureml.ms/mlflow/v2.0{scope}", "Bearer t")
    with pytest.raises(NotConfigured, match="az account get-access-token"):
        server_called(uri, "", {}, home)


@pytest.mark.parametrize(
    ("uri", "environment", "expected"),
    [
        ("databricks", {}, ("https://first.cloud.databricks.com", "Bearer one")),
        ("databricks://staging", {}, ("https://adb-2.azuredatabricks.net", "Bearer t%wo")),
        (
            "databricks",
            {"DATABRICKS_CONFIG_PROFILE": "staging"},
            ("https://adb-2.azuredatabricks.net", "Bearer t%wo"),
        ),
        ("databricks", {"DATABRICKS_HOST": "https://x", "DATABRICKS_TOKEN": "e"}, ("https://x", "Bearer e")),
        (
            "databricks://staging",
            {"DATABRICKS_HOST": "https://x", "DATABRICKS_TOKEN": "e"},
            ("https://adb-2.azuredatabricks.net", "Bearer t%wo"),
        ),
    ],
)
def test_a_databricks_workspace_is_called_as_its_own_command_knows_it(
    home: Path, uri: str, environment: dict[str, str], expected: tuple[str, str]
) -> None:
    assert opened(server_called(uri, "", environment, home)) == expected
    assert opened(server_called(uri, "Bearer mine", environment, home)) == (expected[0], "Bearer mine")


def test_what_is_no_address_is_told(home: Path) -> None:
    for uri in ("databricks-uc", "mlflow.example.org", "azureml://host/elsewhere", "https://"):
        with pytest.raises(Invalid, match="no address of a server"):
            server_called(uri, "Bearer t", {}, home)
    with pytest.raises(NotConfigured, match="no host for nowhere"):
        server_called("databricks://nowhere", "", {}, home)
