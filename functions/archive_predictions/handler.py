"""Archives what the ledger's stream brings and counts it: each record once, however often it is delivered."""

from __future__ import annotations

from typing import Any

from functions.archive_predictions.archive_delivery import archive_delivery
from sluice.stores.baselines import watched
from sluice.web.observability import note, observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401, ARG001 - Lambda's signature
    """Raises only when a store refuses: then the stream delivers the same records again."""
    result = archive_delivery(watched(), event["Records"])
    note(records=len(event["Records"]), **result)
    return {"outcome": "archived", **result}
