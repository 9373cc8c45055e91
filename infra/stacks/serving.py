"""Serving: the function that answers."""

from aws_cdk import Stack
from constructs import Construct

from infra.constructs.function import FunctionFactory
from infra.parameters import publish
from infra.settings import Build
from infra.stages import Stage


class ServingStack(Stack):
    """One function for every model; which one answers is data."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, build: Build) -> None:
        super().__init__(scope, construct_id, description=f"Sluice {stage.name}: predictions")
        functions = FunctionFactory(self, stage, build).all_rooms("Serving")
        publish(self, stage, "predict-function-arn", functions["predict"].function_arn)
