"""What this room works with: the deployment's stores, and those that only this room needs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sluice.stores import clients
from sluice.stores.deployment import Deployment, in_platform
from sluice.stores.feedback import FeedbackStore
from sluice.stores.tokens import TokenStore
from sluice.web.idempotency import IdempotencyStore

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from sluice.stores.items import Items


class Platform(Deployment):
    """Built when first used, for as long as the function lives."""

    tokens = in_platform(TokenStore)
    idempotency = in_platform(IdempotencyStore)

    @cached_property
    def feedback(self) -> FeedbackStore:
        return FeedbackStore(self.ledger)

    @property
    def signer(self) -> S3Client:
        return clients.presigning_s3()

    @property
    def records(self) -> Items:
        """The platform table itself, for reads that span several stores."""
        return self.platform
