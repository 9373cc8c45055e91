"""An uploaded object as columns of text, exactly as written: "none" is a text, an empty cell is ''."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid, Reason, TooLarge
from sluice.project.data_file import Rows, open_table
from sluice.stores.artefacts import ArtefactStore

_refused = partial(Invalid.about, "file")

Texts = dict[str, NDArray[np.bytes_]]

_CHUNK_ROWS = 20_000
_CHUNK_BYTES = 1 << 20
_MEGABYTE = 1_000_000
#: Beginnings of files that are something else, whatever they are called.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"\x89PNG": "an image",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an Excel file",
}


def download(store: ArtefactStore, ref: ArtefactRef, folder: Path, limit_mb: int) -> Path:
    """The object as a file named like it, unpacked if it was gzipped.

    TooLarge before anything is downloaded when the object, or while unpacking when its content, is
    over the limit; Invalid when it is empty or evidently something else.
    """
    limit = limit_mb * _MEGABYTE
    size = int(store.head(ref.role, ref.key, ref.version_id)["ContentLength"])
    if size > limit:
        raise _too_large(f"{size} bytes", limit_mb)
    if size == 0:
        raise _refused("the file is empty", "0 bytes", "a header and rows")
    path = folder / Path(ref.key).name
    with path.open("wb") as target:
        for chunk in store.stream(ref.role, ref.key, ref.version_id):
            target.write(chunk)
    path = _unpacked(path, limit, limit_mb)
    return _recognised(path)


def read_columns(path: Path) -> tuple[list[str], Texts]:
    """The header, and each column's texts. Invalid (with a reason) for what cannot be read as a table."""
    try:
        with open_table(path) as (header, rows):
            return header, _columns(header, rows)
    except Invalid as unreadable:
        message = str(unreadable).replace(str(path), path.name)
        raise Invalid(
            message, unreadable.reasons or [Reason("file", message, path.name, _TABLE)]
        ) from unreadable


def _columns(header: list[str], rows: Rows) -> Texts:
    """As UTF-8 bytes: numpy's texts take four bytes a character."""
    parts: list[list[NDArray[np.bytes_]]] = [[np.asarray([], dtype=np.bytes_)] for _ in header]
    for chunk in _chunks(rows):
        for place, column in enumerate(zip(*chunk, strict=True)):
            parts[place].append(np.asarray([cell.encode() for cell in column], dtype=np.bytes_))
    return {name: np.concatenate(parts.pop(0)) for name in header}


def _chunks(rows: Rows) -> Iterator[list[list[str]]]:
    chunk: list[list[str]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _unpacked(path: Path, limit: int, limit_mb: int) -> Path:
    if path.suffix != ".gz":
        return path
    target, size = path.with_suffix(""), 0
    try:
        with gzip.open(path, "rb") as packed, target.open("wb") as unpacked:
            while chunk := packed.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > limit:
                    raise _too_large(f"more than {limit} bytes unpacked", limit_mb)
                unpacked.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise _refused("it is not gzipped, or damaged", path.name, ".csv.gz") from error
    path.unlink()
    if size == 0:
        raise _refused("the file is empty", "0 bytes unpacked", "a header and rows")
    return target


def _recognised(path: Path) -> Path:
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start[:4] == b"PAR1":
        return path.rename(path.with_suffix(".parquet"))
    for magic, name in _FOREIGN.items():
        if start.startswith(magic):
            raise _refused(f"this is {name}", path.name, _TABLE)
    if path.suffix == ".parquet":
        raise _refused("this is no Parquet file", path.name, "a file that begins with PAR1")
    if b"\x00" in start:
        raise _refused("this is no text file", path.name, _TABLE)
    if path.suffix != ".csv":
        return path.rename(path.with_suffix(".csv"))
    return path


_TABLE = "CSV in UTF-8 (.csv, .csv.gz) or Parquet (.parquet)"


def _too_large(value: str, limit_mb: int) -> TooLarge:
    expected = f"at most {limit_mb} MB (contract.size_limit_mb)"
    return TooLarge.about("file", "the file is over the project's size limit", value, expected)
