"""Records on the disk until they are at home: durable when `put` returns, whatever happens to the process.

SQLite with a write-ahead log that is synchronised at each commit: a machine that loses its power loses no
answered request.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from sluice.domain.errors import TooLarge, Unavailable
from sluice.domain.predictions import ScoredRequest
from sluice.domain.travelling import MAX_DOCUMENT_BYTES, write_travelling

_TABLE = """CREATE TABLE IF NOT EXISTS waiting (
    place INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL, record TEXT NOT NULL, refused TEXT)"""


@dataclass(frozen=True, slots=True)
class Record:
    """`place` orders records by their time; `document` is JSON text."""

    place: int
    request_id: str
    document: str


class Waiting:
    """At most `limit` bytes of records; `arrived` is set whenever there is one more."""

    def __init__(self, path: Path, limit: int, *, drop_oldest: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
            self._database.execute(statement)
        self._limit, self._drop_oldest = limit, drop_oldest
        self._lock, self.arrived = Lock(), Event()
        (self._held,) = self._database.execute(
            "SELECT coalesce(sum(length(CAST(record AS BLOB))), 0) FROM waiting"
        ).fetchone()

    def put(self, tenant: str, request: ScoredRequest, finding: str | None = None) -> None:  # noqa: ARG002 - a ledger's signature
        """Durable when it returns. Unavailable when the disk or the space for records is full, TooLarge for
        a record that could not travel.
        """
        document = write_travelling(request, finding)
        size = len(document.encode())
        if size > MAX_DOCUMENT_BYTES:
            raise TooLarge(
                f"the record would take {size} bytes, where {MAX_DOCUMENT_BYTES} travel: fewer rows"
            )
        with self._lock:
            self._make_room(size)
            try:
                self._database.execute(
                    "INSERT INTO waiting (request_id, record) VALUES (?, ?)", (request.request_id, document)
                )
            except sqlite3.Error as error:
                raise Unavailable(f"the ledger cannot be written: {error}") from error
            self._held += size
        self.arrived.set()

    def oldest(self, size: int, count: int) -> list[Record]:
        """The oldest records that home did not refuse: as many as fit, at least one if there is any."""
        with self._lock:
            rows = self._database.execute(
                "SELECT place, request_id, record FROM waiting WHERE refused IS NULL ORDER BY place LIMIT ?",
                (count,),
            ).fetchall()
        taken: list[Record] = []
        for row in rows:
            size -= len(row[2].encode())
            if taken and size < 0:
                break
            taken.append(Record(*row))
        return taken

    def drop(self, records: list[Record]) -> None:
        """They are at home."""
        with self._lock:
            self._drop(record.place for record in records)

    def refuse(self, record: Record, reason: str) -> None:
        """Home will never take it: it stays, with the reason, and is not sent again."""
        with self._lock:
            self._database.execute(
                "UPDATE waiting SET refused = ? WHERE place = ?", (reason[:500], record.place)
            )

    def counts(self) -> dict[str, int]:
        """How many records wait, and how many were refused."""
        with self._lock:
            waiting, refused = self._database.execute(
                "SELECT count(*) - count(refused), count(refused) FROM waiting"
            ).fetchone()
        return {"waiting": waiting, "refused": refused, "bytes": self._held}

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _make_room(self, size: int) -> None:
        while self._held + size > self._limit:
            oldest = self._database.execute("SELECT min(place) FROM waiting").fetchone()[0]
            if oldest is None or not self._drop_oldest:
                raise Unavailable("the ledger of this device is full until its records are at home")
            self._drop([oldest])

    def _drop(self, places: Iterable[int]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        for place in places:
            row = self._database.execute(
                "DELETE FROM waiting WHERE place = ? RETURNING length(CAST(record AS BLOB))", (place,)
            ).fetchone()
            self._held -= row[0] if row else 0
        self._database.execute("COMMIT")
