"""A plain upload into a stack's data bucket, as `aws s3 cp` does it."""

from collections.abc import Mapping

from sluice.local.session import client_config, root_session


def upload_to_s3(status: Mapping[str, str], key: str, content: bytes) -> str:
    """Put the object; gives its version id. `status` is that of a running stack."""
    client = root_session().client("s3", endpoint_url=status["aws_endpoint_url"], config=client_config())
    answer = client.put_object(Bucket=status["data_bucket"], Key=key, Body=content)
    return str(answer["VersionId"])
