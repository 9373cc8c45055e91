"""AWS clients, each built once and only when first needed: creating one costs more than using it.

Made by botocore itself: boto3 would lengthen every cold start by a fifth and add nothing that is used.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_sts.client import STSClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"mode": "standard", "max_attempts": 4},
    tcp_keepalive=True,
)


def _client(service: str, **options: Any) -> Any:  # noqa: ANN401 - whatever botocore takes and makes
    return get_session().create_client(service, **options)


@cache
def dynamodb() -> DynamoDBClient:
    client: DynamoDBClient = _client("dynamodb", config=_CONFIG)
    return client


@cache
def hurried_dynamodb() -> DynamoDBClient:
    """For a door that must say no within its caller's patience: gives up after about ten seconds."""
    config = _CONFIG.merge(
        Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "max_attempts": 3})
    )
    client: DynamoDBClient = _client("dynamodb", config=config)
    return client


@cache
def s3() -> S3Client:
    client: S3Client = _client("s3", config=_S3_CONFIG)
    return client


@cache
def presigning_s3() -> S3Client:
    """Signs links for people's machines, whose way to S3 may differ from a function's."""
    endpoint = os.environ.get("S3_PUBLIC_ENDPOINT") or None
    client: S3Client = _client("s3", config=_S3_CONFIG, endpoint_url=endpoint)
    return client


@cache
def events() -> EventBridgeClient:
    client: EventBridgeClient = _client("events", config=_CONFIG)
    return client


@cache
def states() -> SFNClient:
    client: SFNClient = _client("stepfunctions", config=_CONFIG)
    return client


@cache
def sts() -> STSClient:
    client: STSClient = _client("sts", config=_CONFIG)
    return client


def scoped_s3(*, access_key_id: str, secret_access_key: str, session_token: str) -> S3Client:
    """With somebody else's rights: those of a session that was assumed."""
    client: S3Client = _client(
        "s3",
        config=_S3_CONFIG,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
    )
    return client


_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
