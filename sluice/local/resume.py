"""Have the platform pick up what a stop interrupted: executions do not outlive the embedded AWS."""

import json

from sluice.local.outputs import Outputs
from sluice.local.session import client_config, root_session


class ResumeError(Exception):
    """The function that resumes interrupted work failed; the message is its answer."""


def resume_interrupted_work(endpoint: str, outputs: Outputs) -> None:
    """Run resume_workflows now, for uploads without a record too; ResumeError when it fails."""
    functions = root_session().client("lambda", endpoint_url=endpoint, config=client_config())
    payload = json.dumps({"source": "sluice.up", "find_uploads": True}).encode()
    answer = functions.invoke(FunctionName=outputs.resume_function, Payload=payload)
    if "FunctionError" in answer:
        raise ResumeError(answer["Payload"].read().decode()[:2000])
