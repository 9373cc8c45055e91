"""What a function can be given access to, by name: its ARNs for the grant and its environment variable."""

from dataclasses import dataclass, field

from aws_cdk import Arn, ArnComponents, ArnFormat, Stack

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
        return state_machine(
            look_up(stack, stage, f"{name.removesuffix('_state_machine')}-machine-arn"), name
        )
    raise KeyError(f"nothing to reach is called {name!r}")


def state_machine(arn: str, name: str) -> Target:
    """A workflow and its executions. `arn` may be a token."""
    executions = Arn.split(arn, ArnFormat.COLON_RESOURCE_NAME)
    execution = Arn.format(
        ArnComponents(
            partition=executions.partition,
            service="states",
            region=executions.region,
            account=executions.account,
            resource="execution",
            resource_name=f"{executions.resource_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
    )
    return Target({"machine": [arn], "execution": [execution]}, {f"{name.upper()}_ARN": arn})


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
