"""Rows to score and labels to send, from a file a person has: CSV, JSON, or JSON lines."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sluice.domain.errors import Invalid

Row = dict[str, Any]
Item = TypeVar("Item")


def read_rows(file: Path) -> list[Row]:
    """Rows by column name; an empty CSV cell is None. `-` reads JSON from standard input."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise Invalid(f"{file} is no file") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 text") from error
    rows = _from_csv(text) if file.suffix == ".csv" else _from_json(file, text)
    if not rows:
        raise Invalid(f"{file} has no rows")
    return rows


def in_batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _from_csv(text: str) -> list[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        return [{name: value or None for name, value in row.items()} for row in reader]
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num}: {error}") from error


def _from_json(file: Path, text: str) -> list[Row]:
    """One object, a list of objects, or an object a line."""
    try:
        document = json.loads(text)
    except ValueError:
        document = _lines(file, text)
    rows = [document] if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(f"{file} must hold an object, a list of objects, or an object a line")
    return rows


def _lines(file: Path, text: str) -> list[Any]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise Invalid(f"{file}, line {number}: not JSON ({error})") from error
    return rows
