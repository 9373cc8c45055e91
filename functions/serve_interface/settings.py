"""What this room reads from its environment, once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Settings:
    """`link_sources`: where presigned links lead, as the page's policy names it."""

    link_sources: str


@cache
def settings() -> Settings:
    """KeyError names a variable that is missing."""
    s3 = os.environ.get("S3_PUBLIC_ENDPOINT") or f"https://s3.{os.environ['AWS_REGION']}.amazonaws.com"
    return Settings(f"{s3}/{os.environ['ARTIFACTS_BUCKET']}/")
