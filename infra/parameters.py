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


def reference(stage: Stage, name: str) -> str:
    """The template parameter through which a stack looks `name` up, as the CDK calls it."""
    letters = "".join(letter for letter in path(stage, name) if letter.isalnum())
    return f"SsmParameterValue{letters}C96584B6F00A464EAD1953AFF4B05118Parameter"
