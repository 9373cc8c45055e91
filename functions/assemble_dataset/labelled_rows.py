"""Rows whose truth is known by now, out of the archive."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sluice.domain.clock import format_time, parse_time
from sluice.stores.artefacts import ArtefactStore

Line = Mapping[str, Any]
"""A line of the feedback archive (docs/monitoring.md)."""


def labelled_rows(
    store: ArtefactStore, tenant: str, project: str, environment: str, *, since: str
) -> tuple[list[Line], int]:
    """One line a prediction, in the order of scoring, with the newest word on it; and how many were left
    out because a dataset has them already: their first label came before `since`.

    Objects may repeat lines of others: what counts is the prediction and the feedback's id.
    """
    newest: dict[str, Line] = {}
    for line in _lines(store, f"{tenant}/feedback/{project}/{environment}/", since):
        known = newest.get(line["prediction_id"])
        if line["labelled_at"] > since and (known is None or known["feedback_id"] < line["feedback_id"]):
            newest[line["prediction_id"]] = line
    fresh = [line for line in newest.values() if line["first_labelled_at"] > since]
    fresh.sort(key=_scored)
    return fresh, len(newest) - len(fresh)


def _lines(store: ArtefactStore, prefix: str, since: str) -> Iterator[Line]:
    """Objects are named for the hour of their first record; a stream keeps records for a day, so those
    that begin earlier than a day before `since` end before it.
    """
    day = format_time(parse_time(since) - timedelta(days=1))[:10].replace("-", "/")
    for key in store.keys("archive", prefix, after=f"{prefix}{day}"):
        content = b"".join(store.stream("archive", key, ""))
        yield from map(json.loads, gzip.decompress(content).splitlines())


def _scored(line: Line) -> tuple[str, str, int]:
    request, _, row = line["prediction_id"].rpartition(".")
    return line["predicted_at"], request, int(row)
