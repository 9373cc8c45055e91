"""What this room works with, read from its environment once."""

from __future__ import annotations

import os
from functools import cache, cached_property

from sluice.stores.deployment import Deployment
from sluice.stores.tracking.table import Table


class Cleaning(Deployment):
    """The deployment's stores, and two tables as they are cleared."""

    @cached_property
    def clearable(self) -> dict[str, Table]:
        """Platform and ledger, with what a table can do beyond single items."""
        return {
            "platform": Table(self.platform.client, self.platform.table, self.platform.clock),
            "ledger": Table(self.ledger.client, self.ledger.table, self.ledger.clock),
        }


@cache
def cleaning() -> Cleaning:
    return Cleaning(os.environ)
