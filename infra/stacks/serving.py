"""Serving: the function that answers."""

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.alarm import alarm_on_line
from infra.constructs.function import FunctionFactory
from infra.parameters import publish
from infra.settings import Build
from infra.stages import Readiness, Stage


class ServingStack(Stack):
    """One function for every model; which one answers is data."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: predictions")
        options = _options(stage.scoring)
        function = FunctionFactory(self, stage, build).all_rooms("Serving", **options)["predict"]
        alarm_on_line(self, "ArtefactRefused", function, "artefact_refused")
        publish(self, stage, "predict-function-arn", _reached(self, function, stage.scoring).function_arn)


def _options(readiness: Readiness) -> dict[str, Any]:
    options: dict[str, Any] = {"reserved_concurrent_executions": readiness.reserved}
    if readiness.snap_start:  # which allows 512 MB of /tmp, what a function has unless it asks for more
        options["snap_start"] = lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS
    return options


def _reached(scope: Construct, function: lambda_.Function, readiness: Readiness) -> lambda_.IFunction:
    """What the gateway invokes: the function itself, or its newest version where versions are kept ready.

    The version before is deleted once the alias has moved on.
    """
    if not (readiness.provisioned or readiness.snap_start):
        return function
    version = function.current_version
    version.apply_removal_policy(RemovalPolicy.DESTROY)
    return lambda_.Alias(
        scope,
        "Live",
        alias_name="live",
        version=version,
        provisioned_concurrent_executions=readiness.provisioned,
    )
