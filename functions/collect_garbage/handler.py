"""Takes away for good what was deleted: tenants, and what tracking keeps for a time after its deletion."""

from __future__ import annotations

from typing import Any

from functions.collect_garbage.collect import collect_all
from functions.collect_garbage.remove_tenant import remove_tenant
from functions.collect_garbage.settings import cleaning
from sluice.web.observability import note, observed

_MARGIN_MILLISECONDS = 30_000


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's signature
    """Gives the tenants that are gone and, on schedule, what was collected by tenant."""

    def goes_on() -> bool:
        return bool(context.get_remaining_time_in_millis() > _MARGIN_MILLISECONDS)

    asked = event["detail"]["tenant"] if event.get("detail-type") == "TenantDeletionRequested" else None
    deleting = [asked] if asked else cleaning().tenants.names("deleting")[1:]
    gone = [tenant for tenant in deleting if remove_tenant(cleaning(), tenant, goes_on)]
    collected = {} if asked else collect_all(cleaning(), goes_on)
    note(gone=gone, collected=collected)
    return {"outcome": "cleaned", "gone": gone, "collected": collected}
