"""What the platform needs of the embedded AWS, by itself or mended (sluice/local/server/mends.py)."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sluice.local.profile import ACCOUNT, REGION
from sluice.local.stack import StackStatus

Client = Callable[[str], Any]


def test_the_platform_s_own_health_answers_at_the_root(anonymous: httpx.Client) -> None:
    assert "edition" not in anonymous.get("/health").json(), "that is the emulator's"
    assert anonymous.get("/_ministack/health").json()["auth"] == "enabled"


def test_iam_is_enforced(aws: Client, caller_without_rights: Client) -> None:
    table = aws("ssm").get_parameter(Name="/sluice/dev/platform-table")["Parameter"]["Value"]

    with pytest.raises(Exception, match=r"not authorized|AccessDenied"):
        caller_without_rights("dynamodb").scan(TableName=table)


def test_a_part_of_a_version_is_read_without_the_whole_ones_checksum(stack: StackStatus, aws: Client) -> None:
    place = {"Bucket": stack.data_bucket, "Key": "projects/parts/notes/ten"}
    put = aws("s3").put_object(**place, Body=b"0123456789", ChecksumAlgorithm="CRC32")

    part = aws("s3").get_object(**place, VersionId=put["VersionId"], Range="bytes=3-5")
    whole = aws("s3").get_object(**place, VersionId=put["VersionId"])

    assert (part["Body"].read(), part["ContentRange"]) == (b"345", "bytes 3-5/10")
    assert "ChecksumCRC32" not in part
    assert whole["Body"].read() == b"0123456789"
    assert whole["ChecksumCRC32"]


def test_a_task_waits_no_longer_than_its_timeout_path_says(machine: str, aws: Client) -> None:
    states = aws("stepfunctions")

    started = states.start_execution(stateMachineArn=machine, input=json.dumps({"approval": {"seconds": 1}}))
    ended = _wait(states, started["executionArn"])

    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["error"]["Error"] == "States.Timeout"


@pytest.fixture
def machine(aws: Client) -> Iterator[str]:
    """A workflow that waits for an answer nobody gives, for the seconds that its input says."""
    queue = aws("sqs").create_queue(QueueName="unanswered")["QueueUrl"]
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
                "TimeoutSecondsPath": "$.approval.seconds",
                "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.error", "Next": "Expired"}],
                "End": True,
            },
            "Expired": {"Type": "Pass", "End": True},
        },
    }
    role = _role(aws, "asks", "states.amazonaws.com", {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    made = aws("stepfunctions").create_state_machine(
        name="asks", definition=json.dumps(definition), roleArn=role
    )
    yield made["stateMachineArn"]
    aws("stepfunctions").delete_state_machine(stateMachineArn=made["stateMachineArn"])
    aws("sqs").delete_queue(QueueUrl=queue)


@pytest.fixture
def caller_without_rights(aws: Client, stack: Any) -> Client:
    """Clients under a role that may do nothing."""
    import boto3

    role = _role(aws, "nobody", f"arn:aws:iam::{ACCOUNT}:root", None)
    given = aws("sts").assume_role(RoleArn=role, RoleSessionName="nobody")["Credentials"]
    session = boto3.session.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION
    )
    return lambda service: session.client(service, endpoint_url=stack.aws_endpoint_url)


def _role(aws: Client, name: str, principal: str, statement: dict[str, str] | None) -> str:
    kind = "AWS" if principal.startswith("arn:") else "Service"
    trust = {"Effect": "Allow", "Principal": {kind: principal}, "Action": "sts:AssumeRole"}
    iam = aws("iam")
    try:
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName=name)["Role"]["Arn"]
    if statement:
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_policy(statement))
    return str(made)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _wait(states: Any, execution: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.2)
    raise AssertionError("the execution still runs")
