"""What the deployed stacks published about themselves."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from sluice.local.profile import STAGE
from sluice.local.session import client_config, root_session


@dataclass(frozen=True)
class Outputs:
    """Names that only the deployment knows; empty where a stack is not deployed."""

    api_id: str
    data_bucket: str
    platform_table: str
    resume_function: str


def read_outputs(endpoint: str) -> Outputs:
    """Read the published parameters."""
    ssm = root_session().client("ssm", endpoint_url=endpoint, config=client_config())

    def value(name: str) -> str:
        try:
            return str(ssm.get_parameter(Name=f"/sluice/{STAGE}/{name}")["Parameter"].get("Value", ""))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return ""
            raise

    return Outputs(value("api-id"), value("data-bucket"), value("platform-table"), value("resume-function"))
