"""Executions of the state machines: named after the record they move, so that each attempt starts once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient


@dataclass(frozen=True)
class Workflow:
    """One state machine; its input is ids only: each state reads the record."""

    client: SFNClient
    arn: str

    def start(self, *, tenant: str, project: str, kind: str, record_id: str, attempt: int) -> None:
        """Start attempt `attempt` of a record's workflow; the same attempt twice starts once."""
        document = {"tenant": tenant, "project": project, f"{kind}_id": record_id, "attempt": attempt}
        try:
            self.client.start_execution(
                stateMachineArn=self.arn, name=_name(record_id, attempt), input=json.dumps(document)
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ExecutionAlreadyExists":
                raise

    def is_running(self, record_id: str, attempt: int) -> bool:
        """Whether this attempt's execution exists and has not ended."""
        arn = self.arn.replace(":stateMachine:", ":execution:") + ":" + _name(record_id, attempt)
        try:
            status: str = self.client.describe_execution(executionArn=arn)["status"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ExecutionDoesNotExist":
                return False
            raise
        return status == "RUNNING"

    def wake(self, task_token: str, output: dict[str, Any]) -> bool:
        """Answer a waiting task; False when the token is no longer known (the workflow was restarted)."""
        try:
            self.client.send_task_success(taskToken=task_token, output=json.dumps(output))
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}:
                return False
            raise
        return True


def _name(record_id: str, attempt: int) -> str:
    return f"{record_id}-{attempt}"
