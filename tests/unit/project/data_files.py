"""Builders of data files."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path


def a_csv(folder: Path, columns: Mapping[str, Sequence[object]], name: str = "data.csv") -> Path:
    """A CSV file of these columns; zipped when the name ends in .gz."""
    path = folder / name
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    content = stream.getvalue().encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def cycled(values: Sequence[object], rows: int = 60) -> list[object]:
    return [values[row % len(values)] for row in range(rows)]
