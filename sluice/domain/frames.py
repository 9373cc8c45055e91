"""The canonical form in which rows travel between rooms: named columns of equal length.

Numbers, integers and booleans are float64 with NaN for missing; strings and timestamps are numpy
unicode with '' for missing. On disk: one .npz with the columns in order and no pickles.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64] | NDArray[np.str_]
Frame = dict[str, Column]

_NAMES = "__columns__"


def to_bytes(frame: Mapping[str, Column]) -> bytes:
    """The frame as .npz; equal frames give equal bytes."""
    arrays: dict[str, NDArray[np.generic]] = {
        f"c{index:05d}": np.asarray(column) for index, column in enumerate(frame.values())
    }
    arrays[_NAMES] = np.frombuffer(json.dumps(list(frame)).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_bytes(content: bytes) -> Frame:
    """The frame that `to_bytes` wrote; ValueError for anything else."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        names: list[str] = json.loads(stored[_NAMES].tobytes())
        return {name: stored[f"c{index:05d}"] for index, name in enumerate(names)}


def row_count(frame: Mapping[str, Column]) -> int:
    return next((len(column) for column in frame.values()), 0)


def take(frame: Mapping[str, Column], rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Frame:
    """The same columns with only these rows, in the order given."""
    return {name: column[rows] for name, column in frame.items()}
