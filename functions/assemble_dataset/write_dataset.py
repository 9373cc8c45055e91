"""A new full snapshot: the old rows as they are, the labelled rows behind them, and the side of every row."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from functions.assemble_dataset.contract_rows import Texts
from sluice.domain import frames
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.split import HELD_BACK, TEST, TRAIN
from sluice.project.data_file import open_table
from sluice.stores.artefacts import ArtefactStore


def write_snapshot(
    store: ArtefactStore, base: ArtefactRef, rows: Sequence[Texts], key: str
) -> tuple[ArtefactRef, int]:
    """The base's rows in their order, then `rows`, gzipped CSV; and how many rows the base has."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / Path(base.key).name, Path(folder) / "snapshot.csv.gz"
        source.write_bytes(store.read(base))
        base_rows = _append(source, rows, target)
        content = target.read_bytes()
    return store.write("data", key, content, content_type="application/gzip"), base_rows


def _append(source: Path, rows: Sequence[Texts], target: Path) -> int:
    """Equal inputs give equal bytes: the archive's header has no time and no name."""
    with (
        open_table(source) as (header, known),
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        count = 0
        for row in known:
            writer.writerow(row)
            count += 1
        writer.writerows([row.get(name, "") for name in header] for row in rows)
    return count


def write_sides(
    store: ArtefactStore, base_sides: NDArray[np.float64], new_rows: int, test_fraction: float, key: str
) -> ArtefactRef:
    """Old rows keep training if they trained; those that tested, or were held back, are held back for good.
    Of the new rows the newest test: later rows that neither champion nor candidate has seen.
    """
    kept = np.where(base_sides == TRAIN, TRAIN, HELD_BACK).astype(np.float64)
    added = np.full(new_rows, TRAIN, dtype=np.float64)
    added[new_rows - round(new_rows * test_fraction) :] = TEST
    return store.write("data", key, frames.to_bytes({"side": np.concatenate([kept, added])}))
