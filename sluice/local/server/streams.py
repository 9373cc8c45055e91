"""Table streams across a restart: what a consumer has not had yet is kept, and comes first afterwards.

Without this ministack comes back with an empty stream and a position in the old one, and swallows the first
records.
"""

from typing import Any

from ministack.core import persistence
from ministack.core.arn import parse_arn
from ministack.services import dynamodb, lambda_svc

STATE = "sluice_streams"
# Account, region and table.
Scope = tuple[str, str, str]


def undelivered() -> dict[str, Any]:
    """The records behind the slowest consumer of each stream, as state to be saved."""
    kept = []
    for (account, region, table), position in _slowest().items():
        skipped = position - dynamodb._stream_trimmed.get_scoped(account, region, table, 0)
        records = dynamodb._stream_records.get_scoped(account, region, table) or []
        kept.append({"scope": [account, region, table], "records": records[max(0, skipped) :]})
    return {"streams": kept}


def restore() -> None:
    """Put the saved records back and let every consumer begin with them."""
    lambda_svc._dynamodb_stream_positions._data.clear()
    saved = persistence.load_state(STATE) or {"streams": []}
    for stream in saved["streams"]:
        dynamodb._stream_records.set_scoped(*stream["scope"], stream["records"])


def _slowest() -> dict[Scope, int]:
    """For each stream that has consumers, how far the last of them is; a new one stands at the beginning."""
    positions: dict[Scope, int] = {}
    for (account, region, mapping_id), mapping in lambda_svc._esms._data.items():
        source = parse_arn(mapping.get("EventSourceArn", ""))
        if source.service != "dynamodb":
            continue
        scope = (account, region, source.resource.split("/")[1])
        position = lambda_svc._dynamodb_stream_positions.get_scoped(account, region, mapping_id, 0)
        positions[scope] = min(position, positions.get(scope, position))
    return positions
