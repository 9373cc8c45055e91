"""How stacks find each other: SSM parameters by name, so that none of them is locked by an export."""

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.stages import Stage


def path(stage: Stage, name: str) -> str:
    return f"/sluice/{stage.name}/{name}"


def publish(scope: Construct, stage: Stage, name: str, value: str) -> None:
    """Make `value` known to other stacks and to the command line under `name`."""
    construct_id = "".join(part.capitalize() for part in name.replace("/", "-").split("-"))
    ssm.StringParameter(
        scope, f"{construct_id}Parameter", parameter_name=path(stage, name), string_value=value
    )


def look_up(scope: Construct, stage: Stage, name: str) -> str:
    """The value published under `name`, resolved when the stack is deployed."""
    return ssm.StringParameter.value_for_string_parameter(scope, path(stage, name))
