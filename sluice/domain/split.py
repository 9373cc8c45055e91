"""Which side a row is on: fixed for ever, so that no test row ever trains a version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sluice.domain import frames
from sluice.domain.contract_columns import parse_timestamp
from sluice.domain.errors import Invalid, Reason
from sluice.domain.frames import Column, row_count

Hashes = NDArray[np.uint64]
TRAIN, TEST, HELD_BACK = 0, 1, 2
"""Sides. Rows that are held back neither train nor test: they have been for testing before."""

_SCALE = float(1 << 64)
_CHUNK = 20_000  # rows at once: as Python texts they take ten times the memory


@dataclass(frozen=True, slots=True)
class SplitRule:
    """hash: below `test_fraction` of the hash space. time: at or after `cutoff` in `column`.
    row: from number `cutoff_row` (counted from 0) on.
    """

    by: Literal["hash", "time", "row"]
    test_fraction: float | None = None
    column: str | None = None
    cutoff: str | None = None
    cutoff_row: int | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """Side and hash of every row of a data file, in its order."""

    of_row: NDArray[np.float64]
    hashes: Hashes

    @property
    def train(self) -> NDArray[np.bool_]:
        return np.equal(self.of_row, TRAIN)

    @property
    def test(self) -> NDArray[np.bool_]:
        return np.equal(self.of_row, TEST)

    @property
    def test_rows_sha256(self) -> str:
        return rows_digest(self.hashes[self.test])

    def to_bytes(self) -> bytes:
        texts = np.asarray([f"{value:016x}" for value in self.hashes.tolist()], dtype=np.str_)
        return frames.to_bytes({"side": self.of_row, "hash": texts})

    @classmethod
    def from_bytes(cls, content: bytes) -> Sides:
        stored = frames.from_bytes(content)
        hashes = np.asarray([int(text, 16) for text in stored["hash"].tolist()], dtype=np.uint64)
        return cls(stored["side"].astype(np.float64), hashes)


def row_hashes(frame: Mapping[str, Column], names: Sequence[str], salt: str) -> Hashes:
    """64 bits a row over these columns' values; the salt is the project's: the same for all versions."""
    key = salt.encode()[:64]
    digests = bytearray()
    for start in range(0, row_count(frame), _CHUNK):
        texts = [_texts(frame[name][start : start + _CHUNK]) for name in names]
        for row in zip(*texts, strict=True):
            digests += hashlib.blake2b("\x1f".join(row).encode(), digest_size=8, key=key).digest()
    return np.frombuffer(bytes(digests), dtype=">u8").astype(np.uint64)


def is_test_row(frame: Mapping[str, Column], hashes: Hashes, rule: SplitRule) -> NDArray[np.bool_]:
    """True where a row is for testing. Invalid when a side would be empty."""
    sides = _SIDES[rule.by](frame, hashes, rule)
    if sides.all() or not sides.any():
        side = "training" if sides.all() else "test"
        reason = Reason("evaluation.split", f"the {side} side is empty", _shown(rule), "rows on both sides")
        raise Invalid(reason.message, [reason])
    return sides


def rows_digest(hashes: Hashes) -> str:
    """The identity of a set of rows, whatever their order."""
    return hashlib.sha256(np.sort(hashes).astype(">u8").tobytes()).hexdigest()


def _by_hash(_: Mapping[str, Column], hashes: Hashes, rule: SplitRule) -> NDArray[np.bool_]:
    return np.asarray(hashes.astype(np.float64) / _SCALE < (rule.test_fraction or 0.0))


def _by_time(frame: Mapping[str, Column], _: Hashes, rule: SplitRule) -> NDArray[np.bool_]:
    cutoff = parse_timestamp(rule.cutoff or "")
    if cutoff is None or rule.column is None or rule.column not in frame:
        reason = Reason("evaluation.split", "no such time column or cut-off", _shown(rule), "both")
        raise Invalid(reason.message, [reason])
    return np.greater_equal(frame[rule.column].astype(np.str_), cutoff)


def _by_row(frame: Mapping[str, Column], _: Hashes, rule: SplitRule) -> NDArray[np.bool_]:
    return np.arange(row_count(frame)) >= (rule.cutoff_row or 0)


_SIDES = {"hash": _by_hash, "time": _by_time, "row": _by_row}


def _texts(column: Column) -> list[str]:
    if column.dtype.kind == "f":
        return [repr(value) for value in column.tolist()]
    return [str(value) for value in column.tolist()]


def _shown(rule: SplitRule) -> str:
    parts = (rule.test_fraction, rule.column, rule.cutoff, rule.cutoff_row)
    return f"by {rule.by}: " + ", ".join(str(part) for part in parts if part is not None)
