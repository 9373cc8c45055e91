"""What MLflow's clients call a server, as the address that answers and what it asks for."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path

from sluice.client.errors import NotConfigured
from sluice.client.transfer.server import MlflowServer, bearer
from sluice.domain.errors import Invalid

_AZURE = re.compile(r"azureml://([^/?]+)/mlflow/v[0-9.]+(/subscriptions/[^?]+/workspaces/[^/?]+)")


def server_called(uri: str, authorization: str, environment: Mapping[str, str], home: Path) -> MlflowServer:
    """`authorization` goes before Databricks' own settings. Invalid or NotConfigured say what is missing."""
    if azure := _AZURE.match(uri):
        if not authorization:
            raise NotConfigured("Azure asks for a token: `az account get-access-token` gives one")
        # The protocol's second version there is what clients from release 2 on speak.
        return MlflowServer(f"https://{azure[1]}/mlflow/v2.0{azure[2]}", authorization)
    if uri == "databricks" or uri.startswith("databricks://"):
        host, token = _databricks(uri.partition("://")[2], environment, home)
        return MlflowServer(host if "://" in host else f"https://{host}", authorization or bearer(token))
    if not re.match(r"https?://[^/]", uri):
        known = "http://, https://, azureml:// or databricks://, or is databricks"
        raise Invalid(f"{uri[:100]!r} is no address of a server: it begins with {known}")
    return MlflowServer(uri, authorization)


def _databricks(profile: str, environment: Mapping[str, str], home: Path) -> tuple[str, str]:
    """(host, token) of the environment, or of a profile of Databricks' own command."""
    host = environment.get("DATABRICKS_HOST")
    if host and not profile:
        return host, environment.get("DATABRICKS_TOKEN", "")
    settings = configparser.ConfigParser(default_section="", interpolation=None)
    settings.read(environment.get("DATABRICKS_CONFIG_FILE") or home / ".databrickscfg", encoding="utf-8")
    name = profile or environment.get("DATABRICKS_CONFIG_PROFILE") or "DEFAULT"
    if not settings.has_option(name, "host"):
        raise NotConfigured(f"DATABRICKS_HOST is not set, and .databrickscfg has no host for {name}")
    return settings.get(name, "host"), settings.get(name, "token", fallback="")
