"""Rows of a data file as text, one at a time, with mistakes named by line."""

import csv
import gzip
import importlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from sluice.domain.errors import Invalid

_OTHER_DELIMITERS = (";", "\t", "|")
Rows = Iterator[list[str]]


class DataFileInvalid(Invalid):
    """A data file that cannot be read as a table."""


@contextmanager
def open_table(path: Path) -> Iterator[tuple[list[str], Rows]]:
    """Column names and rows of a .csv, .csv.gz or .parquet file; every row is as long as the header.

    Raises DataFileInvalid for everything else, also while rows are read.
    """
    if not path.is_file():
        raise DataFileInvalid(f"{path} is no file")
    if path.suffix == ".parquet":
        yield _parquet(path)
        return
    with _binary(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
        lines = _Lines(path.name, stream)
        header = _header(path.name, next(lines, None))
        yield header, _rows(lines, len(header))


def _binary(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


class _Lines:
    """The csv module's rows, whose mistakes name the file and the line."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self._reader = csv.reader(stream, strict=True)

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> list[str]:
        try:
            return next(self._reader)
        except UnicodeDecodeError as error:
            raise DataFileInvalid(f"{self.name} is not UTF-8 text: {error.reason}") from error
        except (csv.Error, OSError, EOFError, zlib.error) as error:
            raise DataFileInvalid(f"{self.name}, line {self.number}: {error}") from error

    @property
    def number(self) -> int:
        return self._reader.line_num


def _header(file: str, header: list[str] | None) -> list[str]:
    if not header:
        raise DataFileInvalid(f"{file} is empty")
    for delimiter in _OTHER_DELIMITERS:
        if len(header) == 1 and delimiter in header[0]:
            raise DataFileInvalid(f"{file} separates its columns by {delimiter!r}; save it with commas")
    for position, name in enumerate(header, start=1):
        if not name.strip():
            raise DataFileInvalid(
                f"column {position} of {file} has no name (is it an index that pandas wrote? "
                "to_csv(index=False) leaves it out)"
            )
        if header.count(name) > 1:
            raise DataFileInvalid(f"{file} has two columns named {name!r}")
    return header


def _rows(lines: _Lines, width: int) -> Rows:
    for row in lines:
        if row and len(row) != width:
            raise DataFileInvalid(
                f"line {lines.number} of {lines.name} has {len(row)} cells, the header has {width}"
            )
        if row:
            yield row


def _parquet(path: Path) -> tuple[list[str], Rows]:
    try:
        fastparquet = importlib.import_module("fastparquet")
        with path.open("rb") as stream:
            frame = fastparquet.ParquetFile(stream).to_pandas()
    except ImportError as error:
        message = "reading Parquet needs two packages here: pip install pandas fastparquet"
        raise DataFileInvalid(message) from error
    except Exception as error:  # a damaged file makes the reader raise almost anything
        raise DataFileInvalid(f"{path.name} is no Parquet file: {error}") from error
    missing = frame.isna()
    texts = frame.astype(str).where(~missing, "")
    return [str(name) for name in frame.columns], (list(row) for row in texts.itertuples(index=False))
