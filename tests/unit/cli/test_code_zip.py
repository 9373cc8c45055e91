"""Code travels as a zip that depends on nothing but the code."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from functions.start_training.accept_code import digest_of
from sluice.cli.code_zip import zip_code
from sluice.domain.errors import Invalid


def a_folder(place: Path) -> Path:
    for name, content in {
        "project.yaml": "name: x",
        "train.py": "def train(data, context): ...",
        "tests/test_train.py": "def test(): ...",
        "tests/columns.json": "{}",
        "data.csv": "a,b\n1,2\n",
        "rows.json": "x" * 2_000_000,
        ".hidden/secret.py": "token = 1",
        "__pycache__/train.cpython-311.pyc": "x",
        "README.md": "# read me",
    }.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content)
    return place


def test_code_and_tests_travel_and_data_stays(tmp_path: Path) -> None:
    code = zip_code(a_folder(tmp_path))
    assert code.files == ("tests/columns.json", "tests/test_train.py", "train.py")
    assert zipfile.ZipFile(io.BytesIO(code.content)).namelist() == list(code.files)


def test_the_same_files_are_the_same_bytes_whenever_they_were_written(tmp_path: Path) -> None:
    first = zip_code(a_folder(tmp_path / "one"))
    second_folder = a_folder(tmp_path / "two")
    os.utime(second_folder / "train.py", (1, 1))
    (second_folder / "train.py").chmod(0o700)
    assert zip_code(second_folder) == first


def test_another_letter_is_another_digest(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    before = zip_code(folder).digest
    (folder / "train.py").write_text("def train(data, context): return None")
    assert zip_code(folder).digest != before


def test_the_platform_computes_the_same_digest(tmp_path: Path) -> None:
    code = zip_code(a_folder(tmp_path))
    assert digest_of(code.content) == (code.digest, len(code.files))


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(Invalid, match="nothing to push"):
        zip_code(tmp_path)
