"""A text file in blocks of whole rows, so that it can be cut, counted and read a few megabytes at a time.

Where a row ends is what the csv module says: quoted cells may hold line ends. A block without a quote is cut
by numpy, at the speed of memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from sluice.domain.errors import Invalid, Reason

BLOCK_BYTES = 4 << 20
LONGEST_ROW = 8 << 20
_LINE_END = 10


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows; `ends`: where each ends, if the block holds quotes."""

    content: bytes
    ends: tuple[int, ...] | None

    @property
    def rows(self) -> int:
        """Blank lines are no rows."""
        if self.ends is not None:
            return len(self.ends)
        return int(np.count_nonzero(_filled(self.content)))

    def split(self) -> list[bytes]:
        """Each row's bytes."""
        if self.ends is not None:
            return [self.content[start:end] for start, end in pairwise((0, *self.ends))]
        return [line for line in self.content.split(b"\n") if line.rstrip(b"\r")]


def row_blocks(chunks: Iterable[bytes], *, quoted: bool, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Blocks of about `size` bytes, more where a row is longer. Invalid for a row that does not end."""
    waiting = bytearray()
    wanted = size
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= wanted:
            block = _block(bytes(waiting[:wanted]), quoted=quoted, last=False)
            if block.content:
                del waiting[: len(block.content)]
                wanted = size
                yield block
            else:
                wanted *= 2
                _check_length(wanted)
    if waiting:
        yield _block(bytes(waiting), quoted=quoted, last=True)


def _check_length(length: int) -> None:
    if length > 2 * LONGEST_ROW:
        found = Reason("file", "a row does not end", f"over {LONGEST_ROW} bytes", "is a quote not closed?")
        raise Invalid("a row does not end", [found])


def _block(content: bytes, *, quoted: bool, last: bool) -> Block:
    if quoted and b'"' in content:
        ends = _row_ends(content)
        kept = ends if last else ends[:-1]  # the last one may go on
        return Block(content[: kept[-1] if kept else 0], tuple(kept))
    return Block(content if last else content[: content.rfind(b"\n") + 1], None)


def _row_ends(content: bytes) -> list[int]:
    csv.field_size_limit(LONGEST_ROW)
    lines = content.split(b"\n")
    places = [0, *accumulate(len(line) + 1 for line in lines)]
    reader = csv.reader(f"{line.decode(errors='replace')}\n" for line in lines)
    ends = [places[reader.line_num] for row in reader if row]
    return [min(end, len(content)) for end in ends]


def _filled(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each line whether it is more than a line end."""
    codes = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(codes == _LINE_END)
    if not content.endswith(b"\n"):
        ends = np.append(ends, len(codes))
    lengths = np.diff(ends, prepend=-1) - 1
    returned = codes[np.maximum(ends - 1, 0)] == ord("\r")
    return np.asarray((lengths > 1) | ((lengths == 1) & ~returned), dtype=np.bool_)
