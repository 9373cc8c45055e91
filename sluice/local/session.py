"""AWS clients for the embedded AWS: as its root, who deploys and looks after it."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from sluice.local.profile import ACCOUNT, REGION

if TYPE_CHECKING:
    from boto3.session import Session


def root_session() -> "Session":
    """Credentials of the emulated account's root: the key is the account's number."""
    # Not a secret: the emulator is reachable from this machine only.
    return boto3.session.Session(ACCOUNT, "local", region_name=REGION)


def client_config() -> Config:
    return Config(
        retries={"max_attempts": 3, "mode": "standard"}, read_timeout=180, parameter_validation=True
    )
