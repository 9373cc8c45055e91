"""A stretch of records as chunks: counts of one model version, cut small so that windows can end exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from functions.archive_predictions.count_records import Counted, count_record
from functions.archive_predictions.read_records import Record
from functions.archive_predictions.write_archive import Place, write_archive, write_unreadable
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.counts import Counts
from sluice.domain.errors import IntegrityError, Invalid, NotFound
from sluice.domain.monitor import Chunk
from sluice.stores.baselines import Watched

CHUNK_ROWS = 100
"""A chunk ends with the record that brings it to so many rows and labels."""

Owned = tuple[str, Chunk]

_UNREADABLE = (IntegrityError, Invalid, NotFound, KeyError, TypeError, ValueError)


def count_stretch(archive: Watched, stretch: Sequence[Record]) -> tuple[list[Owned], int]:
    """Archive the records and give their chunks with their tenants, and how many made no sense.

    Objects are written before they are counted: what is counted is archived.
    """
    counted: list[Counted] = []
    for record in stretch:
        try:
            counted.append(count_record(archive, record))
        except _UNREADABLE as error:
            write_unreadable(archive, record, error)
    objects = write_archive(archive, counted)
    return _chunks(counted, objects), len(stretch) - len(counted)


def _chunks(counted: Sequence[Counted], objects: Mapping[Place, ArtefactRef]) -> list[Owned]:
    chunks: list[Owned] = []
    for members in _grouped(counted):
        pending: list[Counted] = []
        for entry in members:
            pending.append(entry)
            if sum(_size(each.counts) for each in pending) >= CHUNK_ROWS:
                chunks.append(_chunk(pending, objects))
                pending = []
        if any(entry.counts.parts for entry in pending):
            chunks.append(_chunk(pending, objects))
    return chunks


def _grouped(counted: Sequence[Counted]) -> list[list[Counted]]:
    groups: dict[tuple[str, str, str, int], list[Counted]] = {}
    for entry in counted:
        place = (entry.record.tenant, entry.project, entry.environment, entry.model_version)
        groups.setdefault(place, []).append(entry)
    return list(groups.values())


def _size(counts: Counts) -> int:
    return counts.rows + abs(counts.labels)


def _chunk(entries: Sequence[Counted], objects: Mapping[Place, ArtefactRef]) -> Owned:
    first = entries[0]
    tenant = first.record.tenant
    places = [(tenant, kind, first.project, first.environment) for kind in ("predictions", "feedback")]
    chunk = Chunk(
        project=first.project,
        environment=first.environment,
        model_version=first.model_version,
        chunk_id=f"{first.at}#{first.record.identity.partition('/')[2]}",
        counts=sum((entry.counts for entry in entries), Counts()),
        first_at=first.at,
        objects=tuple(objects[place] for place in places if place in objects),
    )
    return tenant, chunk
