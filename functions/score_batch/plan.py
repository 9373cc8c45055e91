"""Cut a file into parts of whole rows, each with the number of its first row: results keep their order.

Text is read once, as far as the time allows; the next call goes on where this one stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fastparquet

from functions.score_batch.read_rows import read_header
from functions.score_batch.row_blocks import BLOCK_BYTES, Block, row_blocks
from functions.score_batch.settings import Room
from functions.score_batch.stored_file import open_stored
from sluice.domain.batch import OPEN, Batch, derived_key, part_size
from sluice.domain.errors import Invalid, Reason
from sluice.scoring.manifest import Manifest
from sluice.stores.records import to_attributes

Json = dict[str, Any]
TIME_LEFT = 60_000
"""Milliseconds that saving the plan and a cold Lambda's next call may take."""


def plan(room: Room, tenant: str, batch: Batch, _event: Mapping[str, Any], left: Callable[[], int]) -> Json:
    """Outcome planned, unfinished (call again), request (nothing to cut), rejected, or how it ended."""
    if batch.status not in OPEN:
        return {"outcome": batch.status}
    if batch.kind == "request":
        return {"outcome": "request"}
    key = derived_key(tenant, batch.project, batch.batch_id, "plan.json")
    if batch.parts is None:
        try:
            batch = _cut(room, tenant, batch, key, left)
        except Invalid as error:
            reasons = [to_attributes(each) for each in error.reasons or (Reason("file", str(error)),)]
            return {"outcome": room.batches.end(tenant, batch, "rejected", reasons=reasons).status}
    return {"outcome": "unfinished" if batch.parts is None else "planned", "plan_key": key}


def _cut(room: Room, tenant: str, batch: Batch, key: str, left: Callable[[], int]) -> Batch:
    manifest = room.model(batch).manifest
    if batch.form == "parquet":
        parts, changes = _row_groups(room, batch, manifest)
    else:
        parts, changes = _byte_ranges(room, batch, manifest, _planned(room, batch, key), left)
    room.artefacts.write("data", key, json.dumps(parts).encode(), content_type="application/json")
    rows = sum(part["rows"] for part in parts)
    if changes["planned_bytes"] >= batch.size:
        if not rows:
            raise Invalid("no rows", [Reason("file", "there are no rows to score", "0 rows", "rows")])
        changes |= {"parts": len(parts), "rows": rows}
    return room.batches.change(tenant, batch, **changes)


def _planned(room: Room, batch: Batch, key: str) -> list[Json]:
    """What an earlier call found."""
    if not batch.planned_bytes:
        return []
    parts: list[Json] = json.loads(b"".join(room.artefacts.stream("data", key, "")))
    return parts


def _byte_ranges(
    room: Room, batch: Batch, manifest: Manifest, parts: list[Json], left: Callable[[], int]
) -> tuple[list[Json], Json]:
    wanted = part_size(batch.part_bytes, batch.size)
    place = batch.planned_bytes
    columns = batch.columns
    stream = room.artefacts.stream("data", batch.key, batch.version_id or "", start=place)
    open_part: Json | None = None
    for block in row_blocks(stream, quoted=batch.form == "csv", size=min(wanted // 4, BLOCK_BYTES)):
        _check_text(block)
        start, rows, end = place, block.rows, place + len(block.content)
        if batch.form == "csv" and not columns:
            columns = _checked(read_header(block), manifest)
            start, rows = place + _header_bytes(block), rows - 1
        if open_part is None:
            first = parts[-1]["first"] + parts[-1]["rows"] if parts else 0
            open_part = {"part": len(parts), "start": start, "end": end, "first": first, "rows": 0}
        open_part["end"], place = end, end
        open_part["rows"] += rows
        if end - open_part["start"] >= wanted or end >= batch.size:
            parts += [open_part] if open_part["rows"] else []
            open_part = None
            if left() < TIME_LEFT:
                break
    return parts, {"planned_bytes": place, "columns": list(columns)}


def _header_bytes(block: Block) -> int:
    if block.ends is not None:
        return block.ends[0]
    blank = len(block.content) - len(block.content.lstrip(b"\r\n"))
    return block.content.find(b"\n", blank) + 1 or len(block.content)


def _check_text(block: Block) -> None:
    content = block.content
    if b"\x00" in content:
        raise _refused("this is no text file", "a NUL byte", "CSV or NDJSON in UTF-8, not compressed")
    if content.count(b"\r") != content.count(b"\r\n"):
        raise _refused("a carriage return stands alone", "\\r", "lines that end with \\n or \\r\\n")


def _checked(columns: Sequence[str], manifest: Manifest) -> tuple[str, ...]:
    """The columns, if the model's features are among them."""
    others = [each for each in ";\t|" if len(columns) == 1 and each in columns[0]]
    if others:
        raise _refused("columns are not separated by commas", others[0], ",")
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise _refused("two columns have the same name", twice[:80], "different names")
    missing = [feature for feature in manifest.features if feature.name not in columns]
    if missing:
        raise Invalid(
            "features are missing",
            [Reason(each.name, "the column is missing", None, each.dtype) for each in missing[:20]],
        )
    return tuple(columns)


def _row_groups(room: Room, batch: Batch, manifest: Manifest) -> tuple[list[Json], Json]:
    wanted = part_size(batch.part_bytes, batch.size)
    with open_stored(room.artefacts, batch) as stored:
        try:
            file = fastparquet.ParquetFile(stored)
        except Exception as error:  # a damaged file makes the reader raise almost anything
            raise _refused("this is no Parquet file", type(error).__name__, "Parquet") from error
        columns = _checked([str(name) for name in file.columns], manifest)
        groups = [(int(each.num_rows), int(each.total_byte_size)) for each in file.row_groups]
    parts: list[Json] = []
    held, first = wanted, 0
    for number, (rows, size) in enumerate(groups):
        if held >= wanted:
            parts.append({"part": len(parts), "start": number, "end": number, "first": first, "rows": 0})
            held = 0
        parts[-1]["end"] = number + 1
        parts[-1]["rows"] += rows
        held, first = held + size, first + rows
    return parts, {"planned_bytes": batch.size, "columns": list(columns)}


def _refused(message: str, value: str, expected: str) -> Invalid:
    return Invalid(message, [Reason("file", message, value, expected)])
