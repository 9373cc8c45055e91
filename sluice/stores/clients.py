"""AWS clients, each built once and only when first needed: creating one costs more than using it.

Made by botocore itself: boto3 would lengthen every cold start by a fifth and add nothing that is used.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sluice.stores.light_dynamodb import open_dynamodb
from sluice.stores.light_s3 import open_s3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_ssm.client import SSMClient
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_sts.client import STSClient

_SETTINGS: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 20,
    "retries": {"mode": "standard", "max_attempts": 4},
    "tcp_keepalive": True,
}
_S3_SETTINGS = {**_SETTINGS, "signature_version": "s3v4", "s3": {"addressing_style": "path"}}


def _client(service: str, settings: dict[str, Any], **options: Any) -> Any:  # noqa: ANN401 - botocore's
    # Half of a cold start: not for functions (or tests) that need no such client.
    from botocore.config import Config  # noqa: PLC0415
    from botocore.session import get_session  # noqa: PLC0415

    return get_session().create_client(service, config=Config(**settings), **options)


@cache
def light_dynamodb() -> DynamoDBClient:
    """For doors whose callers wait for every millisecond: the operations of `Items`, nothing else."""
    return cast("DynamoDBClient", open_dynamodb())


@cache
def dynamodb() -> DynamoDBClient:
    client: DynamoDBClient = _client("dynamodb", _SETTINGS)
    return client


@cache
def hurried_dynamodb() -> DynamoDBClient:
    """The same for a door that must say no within its caller's patience: gives up after about ten seconds."""
    return cast("DynamoDBClient", open_dynamodb(connect_seconds=1, read_seconds=3, attempts=3))


@cache
def s3() -> S3Client:
    client: S3Client = _client("s3", _S3_SETTINGS)
    return client


@cache
def light_s3() -> S3Client:
    """For a door that reads and writes whole files: `get_object` and `put_object`, nothing else."""
    return cast("S3Client", open_s3())


def reconnect() -> None:
    """Close the connections of the clients there are: they make new ones when next used."""
    builds: tuple[Any, ...] = (dynamodb, hurried_dynamodb, light_dynamodb, s3, light_s3)
    for build in builds:
        if build.cache_info().currsize:
            build().close()


@cache
def presigning_s3() -> S3Client:
    """Signs links for people's machines, whose way to S3 may differ from a function's."""
    endpoint = os.environ.get("S3_PUBLIC_ENDPOINT") or None
    client: S3Client = _client("s3", _S3_SETTINGS, endpoint_url=endpoint)
    return client


@cache
def events() -> EventBridgeClient:
    client: EventBridgeClient = _client("events", _SETTINGS)
    return client


@cache
def states() -> SFNClient:
    client: SFNClient = _client("stepfunctions", _SETTINGS)
    return client


@cache
def ssm() -> SSMClient:
    client: SSMClient = _client("ssm", _SETTINGS)
    return client


@cache
def sts() -> STSClient:
    client: STSClient = _client("sts", _SETTINGS)
    return client


def scoped_s3(*, access_key_id: str, secret_access_key: str, session_token: str) -> S3Client:
    """With somebody else's rights: those of a session that was assumed."""
    client: S3Client = _client(
        "s3",
        _S3_SETTINGS,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
    )
    return client
