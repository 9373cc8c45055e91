"""AWS clients for the embedded AWS: as its root, who deploys and looks after it."""

import os
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from sluice.local.profile import ACCOUNT, REGION

if TYPE_CHECKING:
    from boto3.session import Session

# What a person's own AWS settings would otherwise decide: variable of the environment, file.
_NOBODY_S_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def root_session() -> "Session":
    """Credentials of the emulated account's root: the key is the account's number."""
    core = botocore.session.Session(session_vars=_NOBODY_S_SETTINGS)
    # Not a secret: the emulator is reachable from this machine only.
    return boto3.session.Session(ACCOUNT, "local", region_name=REGION, botocore_session=core)


def client_config() -> Config:
    """No proxy, whatever the environment says: the emulator is on this machine."""
    return Config(retries={"max_attempts": 3, "mode": "standard"}, read_timeout=180, proxies={})
