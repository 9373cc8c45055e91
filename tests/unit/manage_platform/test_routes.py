"""The table of routes: every row permitted, described and light."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

from functions.manage_platform.openapi import document
from functions.manage_platform.routes import PREFIX, Route
from functions.manage_platform.table import ROUTES
from sluice.web.permissions import RULES

OURS = (f"{PREFIX}/", "/health")


def test_the_permission_table_and_the_routes_say_the_same() -> None:
    permitted = {
        route: rule.action
        for rule in RULES
        for route in rule.routes
        if route.partition(" ")[2].startswith(OURS)
    }

    assert {route.address: route.action for route in ROUTES} == permitted


def test_the_description_is_openapi_and_names_every_route() -> None:
    described = document(ROUTES)

    OpenAPI.model_validate(described)
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {route.address for route in ROUTES}
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(ids) == len(set(ids))
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert references <= set(described["components"]["schemas"])
    assert described["openapi"].startswith("3.1")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.address)
def test_what_changes_something_takes_a_described_body(route: Route) -> None:
    assert (route.body is not None) == (route.method == "POST")


def test_the_page_about_the_api_names_every_route() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()

    missing = [route.address for route in ROUTES if f"`{route.address}`" not in page]
    assert missing == []


@pytest.mark.parametrize("room", ["authorize_caller", "manage_platform"])
def test_nobody_waits_for_heavy_imports(room: str) -> None:
    """Budget with room to spare: about 0.75 s of processor time on a slow machine."""
    program = (
        "import sys, time\n"
        f"import functions.{room}.handler\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'sklearn', 'onnxruntime', 'mlflow', 'yaml',"
        " 'aws_xray_sdk', 'functions.predict'}\n"
        "print(time.process_time(), *sorted(heavy & set(sys.modules)))\n"
    )
    seconds, *heavy = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert heavy == []
    assert float(seconds) < 2.5
