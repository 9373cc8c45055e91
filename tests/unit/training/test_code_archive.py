"""Archives are unpacked inside their folder, or not at all."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from sluice.domain.errors import Invalid
from sluice.isolation.code_archive import LARGEST, MOST_FILES, unpack


def archive(*names: str, content: str = "x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, content)
    return buffer.getvalue()


def refusal(content: bytes, folder: Path) -> str:
    with pytest.raises(Invalid) as refused:
        unpack(content, folder)
    assert refused.value.reasons[0].path == "code"
    return refused.value.reasons[0].message


def test_a_folder_around_everything_is_left_out(tmp_path: Path) -> None:
    unpack(archive("credit/train.py", "credit/tests/test_train.py"), tmp_path)

    assert (tmp_path / "train.py").is_file()
    assert (tmp_path / "tests" / "test_train.py").is_file()


def test_folders_that_are_meant_stay(tmp_path: Path) -> None:
    unpack(archive("train.py", "tests/test_train.py", "__pycache__/train.pyc", "__MACOSX/train.py"), tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["tests", "train.py"]


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil.py", "a/../../evil.py", "..\\evil.py", "C:/evil.py"]
)
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(archive("train.py", name), tmp_path / "code") == "this path leads outside"
    assert not (tmp_path / "evil.py").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        link = zipfile.ZipInfo("train.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")

    assert refusal(buffer.getvalue(), tmp_path) == "links are not unpacked"


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("train.py", b"0" * (LARGEST + 1))

    assert refusal(buffer.getvalue(), tmp_path) == "too large unpacked"
    assert refusal(archive(*(f"f{n}.py" for n in range(MOST_FILES + 1))), tmp_path) == "too many files"


@pytest.mark.parametrize(
    "content", [b"", b"def train(): ...", archive("a.py")[:-30]], ids=["empty", "code", "cut off"]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(content, tmp_path) == "not a zip archive"


def test_nothing_is_not_code(tmp_path: Path) -> None:
    assert refusal(archive("__pycache__/x.pyc"), tmp_path) == "there is nothing in it"
