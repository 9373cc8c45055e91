"""Holding the application against the AwsSolutions rules, and where a rule is answered and not followed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from aws_cdk import Acknowledgment, App, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from infra.parameters import reference
from infra.stages import Stage


@dataclass(frozen=True)
class Acknowledged:
    """A rule that does not hold below `path` (a pattern over construct paths), and why that is meant.

    Some rules are acknowledged finding by finding: `{name}` is a published parameter, `{function}` each
    function of the stack.
    """

    path: str
    rule: str
    reason: str
    findings: tuple[str, ...] = ()


_S3 = "Resource::arn:<AWS::Partition>:s3:::"
_EXECUTIONS = "Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
# As the rules spell the machine's own name, which its policy takes from its ARN.
_BATCH_MACHINE = '{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"WorkflowMachine0C2E3460"}]}]}'

_LISTS_STREAMS = "Listing streams has no resource."
_ANSWERS_TASKS = "Answering a waiting task has no resource: who answers must hold its token."
_WITHOUT_RESOURCE = (
    ("Monitoring/ArchivePredictions", _LISTS_STREAMS),
    ("Monitoring/SnapshotRuns", _LISTS_STREAMS),
    ("Api/ManagePlatform", _ANSWERS_TASKS),
    ("Monitoring/ResumeWorkflows", _ANSWERS_TASKS),
    ("Promotion/PromoteModel", _ANSWERS_TASKS),
)

ACKNOWLEDGED = (
    Acknowledged(
        "Sluice-*/Function",
        "AwsSolutions-L1",
        "Functions and layers are built and proven for one runtime, python3.13, and move on together.",
    ),
    Acknowledged(
        "Sluice-*/Role/DefaultPolicy",
        "AwsSolutions-IAM5",
        "Objects get their names at run time: the wildcard is the rest of a key after the bucket's prefix.",
        (
            _S3 + "{data-bucket}/projects/*",
            _S3 + "{data-bucket}/projects/*/code/*",
            _S3 + "{data-bucket}/projects/*/derived/trainings/*",
            _S3 + "{artifacts-bucket}/*",
            _S3 + "{archive-bucket}/*",
            _S3 + "{audit-bucket}/*",
        ),
    ),
    Acknowledged(
        "Sluice-*-Monitoring/ResumeWorkflows/Role/DefaultPolicy",
        "AwsSolutions-IAM5",
        "It asks whether an execution runs; executions get their names at run time.",
        tuple(f"{_EXECUTIONS}{{{name}-machine}}:*" for name in ("training", "promotion", "batch")),
    ),
    *(
        Acknowledged(f"Sluice-*-{room}/Role/DefaultPolicy", "AwsSolutions-IAM5", reason, ("Resource::*",))
        for room, reason in _WITHOUT_RESOURCE
    ),
    Acknowledged(
        "Sluice-*/Workflow/Machine/Role/DefaultPolicy",
        "AwsSolutions-IAM5",
        "Any version of the workflow's own functions; log delivery and tracing have no resource.",
        ("Resource::<{function}.Arn>:*", "Resource::*"),
    ),
    Acknowledged(
        "Sluice-*-Batch/Workflow/Machine/Role/DefaultPolicy",
        "AwsSolutions-IAM5",
        "Any version of the function that answers requests; the list of a batch's parts is an object.",
        ("Resource::{predict-function-arn}:*", _S3 + "{data-bucket}/*"),
    ),
    Acknowledged(
        "Sluice-*-Batch/Workflow/Machine/DistributedMapPolicy",
        "AwsSolutions-IAM5",
        "The workflow starts and watches its own children, whose names are made at run time.",
        (f"{_EXECUTIONS}{_BATCH_MACHINE}:*", f"{_EXECUTIONS}{_BATCH_MACHINE}/*:*"),
    ),
    Acknowledged(
        "Sluice-*/Reactions/Undelivered",
        "AwsSolutions-SQS3",
        "It is the dead-letter queue of the rules.",
    ),
    Acknowledged(
        "Sluice-*-Monitoring/UnarchivedPredictions",
        "AwsSolutions-SQS3",
        "It is where the stream's reader puts a batch that no attempt could archive.",
    ),
    *(
        Acknowledged(
            f"Sluice-*-Api/Http/ANY--{route}",
            "AwsSolutions-APIG4",
            "Whoever is not signed in must reach the sign-in and the public files of MLflow's interface.",
        )
        for route in ("static-files--{proxy+}", "sign-in", "sign-in--{proxy+}", "sign-out")
    ),
    *(
        Acknowledged(
            f"Sluice-*-Api/Http/GET--{route}",
            "AwsSolutions-APIG4",
            "Health is the one thing that is open, by decision.",
        )
        for route in ("health", "sluice--v1--health")
    ),
)


class StaleAcknowledgementError(Exception):
    """A row matches no construct any more: it must go before it excuses something else."""


def check(app: App, stage: Stage) -> None:
    """Have the rules run when `app` is synthesized; StaleAcknowledgementError for a row without a place."""
    constructs = [(construct.node.path, construct) for construct in app.node.find_all()]
    for row in ACKNOWLEDGED:
        matched = [construct for path, construct in constructs if fnmatchcase(path, row.path)]
        if not matched:
            raise StaleAcknowledgementError(f"nothing is at {row.path}, where {row.rule} is acknowledged")
        for construct in matched:
            ids = [*_findings(row, stage, Stack.of(construct))] or [row.rule]
            acknowledged = [Acknowledgment(id=f"AwsSolutions::{name}", reason=row.reason) for name in ids]
            Validations.of(construct).acknowledge(*acknowledged)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def _findings(row: Acknowledged, stage: Stage, stack: Stack) -> Iterator[str]:
    """The ids of a row's findings in one stack, in the form in which the rules report them."""
    for finding in row.findings:
        start, name, end = (*re.split(r"{([a-z-]+)}", finding, maxsplit=1), "", "")[:3]
        if not name:
            filled = [finding]
        elif name == "function":
            filled = [f"{start}{logical_id}{end}" for logical_id in _functions(stack)]
        else:
            filled = [f"{start}<{reference(stage, name)}>{end}"]
        yield from (f"{row.rule}[{each}]" for each in filled)


def _functions(stack: Stack) -> Iterator[str]:
    for construct in stack.node.find_all():
        if isinstance(construct, lambda_.CfnFunction):
            yield str(stack.resolve(construct.logical_id))
