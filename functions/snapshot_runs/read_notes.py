"""From a batch of the tracking table's stream to the experiments that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.stores.tracking import keys
from sluice.stores.tracking.snapshots import ASKED, LATER


def read_notes(batch: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, bool]]:
    """(tenant, experiment, whether somebody asked for a snapshot) of each; other records are not ours."""
    found: dict[tuple[str, str], bool] = {}
    for entry in batch:
        change = entry.get("dynamodb") or {}
        partition, order = (
            ((change.get("Keys") or {}).get(name) or {}).get("S", "") for name in ("pk", "sk")
        )
        # What has expired has no image: the stream carries new ones only.
        kind = ((change.get("NewImage") or {}).get("kind") or {}).get("S", keys.parse_asked(order))
        about, removed = keys.parse_woken(partition), keys.parse_experiments(partition)
        if removed and entry.get("eventName") == "REMOVE":
            found[removed, order] = True
        elif about and kind in {"run", "model", ASKED, LATER}:
            found[about] = found.get(about, False) or kind in {ASKED, LATER}
    return [(*about, asked) for about, asked in found.items()]
