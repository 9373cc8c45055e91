"""What a stage may set to keep the function that scores ready, and what that makes of the template."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.settings import Build
from infra.stacks.serving import ServingStack
from infra.stages import Readiness, stage_named

Resources = dict[str, Any]


def deployed(folder: Path, readiness: Readiness) -> Resources:
    """Resources of the Serving stack of a stage with this setting."""
    for name in ("predict", "base", "onnx", "crypto"):
        (folder / name).mkdir()
        (folder / name / "empty.py").touch()
    stage = replace(stage_named("dev"), scoring=readiness)
    stack = ServingStack(App(), "Serving", stage=stage, build=Build(folder, folder))
    resources: Resources = Template.from_stack(stack).to_json()["Resources"]
    return resources


def of_kind(resources: Resources, kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources.values() if resource["Type"] == f"AWS::Lambda::{kind}"]


def invoked(resources: Resources) -> Any:
    """What the gateway is told to invoke."""
    (parameter,) = [r for r in resources.values() if r["Type"] == "AWS::SSM::Parameter"]
    return parameter["Properties"]["Value"]


def test_unless_it_is_set_nothing_is_kept_ready_and_nothing_costs(tmp_path: Path) -> None:
    resources = deployed(tmp_path, stage_named("dev").scoring)

    (function,) = of_kind(resources, "Function")
    assert not function["Properties"].keys() & {"SnapStart", "ReservedConcurrentExecutions"}
    assert of_kind(resources, "Version") == of_kind(resources, "Alias") == []
    assert list(invoked(resources)) == ["Fn::GetAtt"]


def test_reserved_concurrency_bounds_the_function(tmp_path: Path) -> None:
    resources = deployed(tmp_path, Readiness(reserved=20))

    (function,) = of_kind(resources, "Function")
    assert function["Properties"]["ReservedConcurrentExecutions"] == 20
    assert of_kind(resources, "Alias") == []


def test_provisioned_concurrency_stands_by_behind_an_alias(tmp_path: Path) -> None:
    resources = deployed(tmp_path, Readiness(provisioned=3))

    (alias,) = of_kind(resources, "Alias")
    expected = {"ProvisionedConcurrentExecutions": 3}
    assert alias["Properties"]["ProvisionedConcurrencyConfig"] == expected
    assert resources[invoked(resources)["Ref"]] == alias


def test_snap_start_publishes_versions_that_the_gateway_reaches_and_old_ones_go(tmp_path: Path) -> None:
    resources = deployed(tmp_path, Readiness(snap_start=True, reserved=50))

    (function,) = of_kind(resources, "Function")
    (version,) = of_kind(resources, "Version")
    (alias,) = of_kind(resources, "Alias")
    assert function["Properties"]["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert function["Properties"]["ReservedConcurrentExecutions"] == 50
    assert "EphemeralStorage" not in function["Properties"], "SnapStart allows 512 MB, the default"
    assert version.get("DeletionPolicy") in (None, "Delete")
    assert resources[invoked(resources)["Ref"]] == alias
    assert resources[alias["Properties"]["FunctionVersion"]["Fn::GetAtt"][0]] == version


def test_lambda_has_one_or_the_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        Readiness(provisioned=1, snap_start=True)
