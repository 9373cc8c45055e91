"""Rows from the files that people have."""

import io
from pathlib import Path

import pytest

from sluice.cli.rows_file import in_batches, read_rows
from sluice.domain.errors import Invalid


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("rows.csv", "a,b\n1,\nx,2\n", [{"a": "1", "b": None}, {"a": "x", "b": "2"}]),
        ("row.json", '{"a": 1}', [{"a": 1}]),
        ("rows.json", '[{"a": 1}, {"a": null}]', [{"a": 1}, {"a": None}]),
        ("rows.jsonl", '{"a": 1}\n\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
    ],
)
def test_each_form_is_read(tmp_path: Path, name: str, content: str, rows: list[object]) -> None:
    (tmp_path / name).write_text(content)
    assert read_rows(tmp_path / name) == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", "a,b\n", "has no rows"),
        ("rows.json", "[1, 2]", "must hold an object"),
        ("rows.jsonl", '{"a": 1}\n{"a": \n', "line 2: not JSON"),
    ],
)
def test_what_is_no_rows_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(Invalid, match=message):
        read_rows(tmp_path / name)


def test_standard_input_is_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}'))
    assert read_rows(Path("-")) == [{"a": 1}]


def test_batches_hold_everything_once() -> None:
    assert list(in_batches([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
