"""AWS clients, each built once and only when first needed: creating one costs more than using it."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

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


@cache
def dynamodb() -> DynamoDBClient:
    client: DynamoDBClient = boto3.client("dynamodb", config=_CONFIG)
    return client


@cache
def s3() -> S3Client:
    client: S3Client = boto3.client("s3", config=_S3_CONFIG)
    return client


@cache
def presigning_s3() -> S3Client:
    """Signs links for people's machines, whose way to S3 may differ from a function's."""
    return boto3.client("s3", config=_S3_CONFIG, endpoint_url=os.environ.get("S3_PUBLIC_ENDPOINT") or None)


@cache
def events() -> EventBridgeClient:
    client: EventBridgeClient = boto3.client("events", config=_CONFIG)
    return client


@cache
def states() -> SFNClient:
    client: SFNClient = boto3.client("stepfunctions", config=_CONFIG)
    return client


@cache
def sts() -> STSClient:
    client: STSClient = boto3.client("sts", config=_CONFIG)
    return client


def scoped_s3(*, access_key_id: str, secret_access_key: str, session_token: str) -> S3Client:
    """With somebody else's rights: those of a session that was assumed."""
    client: S3Client = boto3.client(
        "s3",
        config=_S3_CONFIG,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
    )
    return client


_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
