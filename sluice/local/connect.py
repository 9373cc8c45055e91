"""A deployment in AWS, seen by whoever has credentials for its account: its address, and a first token."""

from __future__ import annotations

from dataclasses import dataclass, field

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sluice.client.errors import NotReachable
from sluice.stores.items import Items
from sluice.stores.tokens import TokenStore

TENANT = "default"


@dataclass(frozen=True)
class Connected:
    """`token` is an administrator's; it is seen only here."""

    api_url: str
    token: str = field(repr=False)


def connect(stage: str, *, principal: str) -> Connected:
    """Make an administrator's token in the deployment of `stage`, with the shell's AWS credentials.

    NotReachable where there is no such deployment, or the credentials do not open it.
    """
    session = boto3.Session()
    try:
        ssm = session.client("ssm")
        api_url, table = (
            str(ssm.get_parameter(Name=f"/sluice/{stage}/{name}")["Parameter"]["Value"])
            for name in ("api-url", "platform-table")
        )
        store = TokenStore(Items(session.client("dynamodb"), table))
        _, text = store.issue(TENANT, principal=principal, roles=("admin",), projects=("*",), by=principal)
    except (BotoCoreError, ClientError) as error:
        raise NotReachable(f"stage {stage} cannot be reached: {error}") from error
    return Connected(api_url.rstrip("/"), text)
