"""What a function can be given access to, by name: its ARNs for the grant and its environment variable."""

from dataclasses import dataclass, field

from aws_cdk import ArnFormat, Stack

from infra.parameters import look_up
from infra.stages import Stage

TABLES = ("platform", "tracking", "ledger", "audit")
INDEXES = ("lsi1", "gsi1", "gsi2")
BUCKETS = {"data": "DATA", "artifacts": "ARTIFACTS", "archive": "ARCHIVE", "audit_bucket": "AUDIT"}
# Uploads and everything generated from them live under one prefix; the other buckets are wholly ours.
PREFIXES = {"data": "projects/*"}


@dataclass(frozen=True)
class Target:
    """One resource: kind -> ARNs (see infra.access), and what a function must know to reach it."""

    arns: dict[str, list[str]]
    environment: dict[str, str] = field(default_factory=dict)


def target(stack: Stack, stage: Stage, name: str) -> Target:
    """The resource called `name` in the table of rooms, as seen from `stack`."""
    if name in TABLES:
        return _table(stack, stage, name)
    if name in BUCKETS:
        return _bucket(stack, stage, name)
    if name == "events":
        arn = stack.format_arn(service="events", resource="event-bus", resource_name="default")
        return Target({"bus": [arn]}, {"EVENT_BUS_NAME": "default"})
    if name.endswith("_state_machine"):
        workflow = name.removesuffix("_state_machine")
        return state_machine(stack, look_up(stack, stage, f"{workflow}-machine"), name)
    raise KeyError(f"nothing to reach is called {name!r}")


def state_machine(stack: Stack, machine: str, name: str) -> Target:
    """The workflow called `machine` and its executions; `name` is what the table of rooms calls it.

    A task token is its own capability: IAM knows no resource for answering with one.
    """
    arn = _states_arn(stack, "stateMachine", machine)
    execution = _states_arn(stack, "execution", f"{machine}:*")
    return Target({"machine": [arn], "execution": [execution], "token": ["*"]}, {f"{name.upper()}_ARN": arn})


def _states_arn(stack: Stack, resource: str, name: str) -> str:
    return stack.format_arn(
        service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def _table(stack: Stack, stage: Stage, name: str) -> Target:
    table = look_up(stack, stage, f"{name}-table")
    arn = stack.format_arn(service="dynamodb", resource="table", resource_name=table)
    arns = [arn, *(f"{arn}/index/{index}" for index in INDEXES)]
    return Target({"table": arns}, {f"{name.upper()}_TABLE": table})


def _bucket(stack: Stack, stage: Stage, name: str) -> Target:
    role = BUCKETS[name]
    bucket = look_up(stack, stage, f"{role.lower()}-bucket")
    arn = f"arn:{stack.partition}:s3:::{bucket}"
    objects = f"{arn}/{PREFIXES.get(name, '*')}"
    return Target({"objects": [objects], "bucket": [arn]}, {f"{role}_BUCKET": bucket})
