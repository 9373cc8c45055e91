"""Score one part: read, answer, write in stretches, and record it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import fastparquet

from functions.score_batch.answer_rows import answer_rows
from functions.score_batch.read_rows import Sheet, of_frame, read_block
from functions.score_batch.row_blocks import BLOCK_BYTES, row_blocks
from functions.score_batch.settings import Room
from functions.score_batch.stored_file import open_stored
from functions.score_batch.write_results import Output, failure_lines, result_columns, result_lines
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.batch import OPEN, Batch, Part, derived_key, part_size
from sluice.domain.counts import Counts
from sluice.domain.errors import IntegrityError
from sluice.domain.monitor import Chunk
from sluice.scoring.manifest import Feature
from sluice.stores.items import Item

Json = dict[str, Any]


def score_part(
    room: Room, tenant: str, batch: Batch, event: Mapping[str, Any], _left: Callable[[], int]
) -> Json:
    """Outcome scored, also where it was before; or how the batch ended meanwhile."""
    part: Mapping[str, int] = event["part"]
    if batch.status not in OPEN:
        return {"outcome": batch.status}
    if room.batches.part(tenant, batch.batch_id, part["part"]) is None:
        done, counts = _score(room, tenant, batch, part)
        also = _counting(room, tenant, batch, part["part"], counts)
        room.batches.finish_part(tenant, batch.batch_id, done, also)
    return {"outcome": "scored"}


def _score(room: Room, tenant: str, batch: Batch, part: Mapping[str, int]) -> tuple[Part, Counts]:
    model = room.model(batch)
    baseline = room.baselines.find(tenant, batch.project, batch.model.version if batch.model else 0)
    results, failures = _outputs(room, tenant, batch, part["part"], result_columns(batch, model.manifest))
    first, failed, counts = part["first"], 0, Counts()
    for sheet in _sheets(room, batch, part, model.manifest.features):
        answers = answer_rows(model, sheet, baseline)
        results.add(result_lines(batch, model.manifest, sheet, answers, first))
        if answers.failures:
            failures.add(failure_lines(sheet, answers.failures, first))
        first, failed, counts = first + sheet.rows, failed + len(answers.failures), counts + answers.counts
    results.flush()
    failures.flush()
    rows = first - part["first"]
    if rows != part["rows"]:
        raise IntegrityError(f"part {part['part']} has {rows} rows, the plan says {part['rows']}")
    done = Part(part["part"], rows - failed, failed, tuple(results.objects), tuple(failures.objects))
    return done, counts


def _outputs(room: Room, tenant: str, batch: Batch, number: int, columns: list[str]) -> tuple[Output, Output]:
    def write(name: str, content: bytes, content_type: str) -> ArtefactRef:
        key = derived_key(tenant, batch.project, batch.batch_id, name)
        return room.artefacts.write("data", key, content, content_type=content_type)

    form = "ndjson" if batch.form == "ndjson" else "csv"
    header = ",".join(columns) + "\n" if form == "csv" else ""
    return (
        Output(write, f"results/part-{number:05d}", form, header),
        Output(write, f"failures/part-{number:05d}", "ndjson"),
    )


def _sheets(
    room: Room, batch: Batch, part: Mapping[str, int], features: tuple[Feature, ...]
) -> Iterator[Sheet]:
    start, end = part["start"], part["end"]
    if batch.form == "parquet":
        names = [feature.name for feature in features]
        extra = [batch.id_column] if batch.id_column in batch.columns else []
        with open_stored(room.artefacts, batch) as stored:
            file = fastparquet.ParquetFile(stored)
            for number in range(start, end):
                wanted = list(dict.fromkeys([*names, *extra]))
                yield of_frame(file[number].to_pandas(columns=wanted, index=False), batch, features)
        return
    stream = room.artefacts.stream("data", batch.key, batch.version_id or "", start=start, end=end)
    size = min(part_size(batch.part_bytes, batch.size) // 4, BLOCK_BYTES)
    for block in row_blocks(stream, quoted=batch.form == "csv", size=size):
        yield read_block(batch, features, block)


def _counting(room: Room, tenant: str, batch: Batch, number: int, counts: Counts) -> list[Item]:
    """What monitoring counts, written with the part: once."""
    if not counts.parts or batch.model is None:
        return []
    at = room.platform.now()
    chunk = Chunk(
        project=batch.project,
        environment=batch.environment,
        model_version=batch.model.version,
        chunk_id=f"{at}#{batch.batch_id}.{number}",
        counts=counts,
        first_at=at,
        objects=(),
    )
    return [room.counts.counting(tenant, chunk)]
