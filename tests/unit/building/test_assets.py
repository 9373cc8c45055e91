"""Function assets and what a cloud layer leaves out."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from infra.packaging.bytecode import compile_for_this_host
from infra.packaging.elf import PROGRAM_HEADER, strip_library, stripped_size
from infra.packaging.functions import build_function, fingerprint
from infra.packaging.layers import is_stripped, strip
from infra.packaging.sizes import over_budget


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with one room and code of every kind."""
    root = tmp_path / "source"
    for name in ("functions/__init__.py", "functions/score/handler.py", "functions/other/handler.py"):
        _write(root / name, "")
    for name in ("sluice/__init__.py", "sluice/domain/ids.py", "sluice/cli/app.py", "sluice/local/stack.py"):
        _write(root / name, "")
    _write(root / "sluice/domain/__pycache__/ids.pyc", "compiled")
    return root


def test_an_asset_has_the_room_and_the_shared_code_only(source: Path, tmp_path: Path) -> None:
    build_function(source, "score", tmp_path / "asset")

    assert _files(tmp_path / "asset") == {
        "functions/__init__.py",
        "functions/score/handler.py",
        "sluice/__init__.py",
        "sluice/domain/ids.py",
    }


def test_an_asset_made_again_follows_its_source(source: Path, tmp_path: Path) -> None:
    build_function(source, "score", tmp_path / "asset")
    (source / "sluice/domain/ids.py").unlink()
    _write(source / "functions/score/handler.py", "changed")

    build_function(source, "score", tmp_path / "asset")

    assert "sluice/domain/ids.py" not in _files(tmp_path / "asset")
    assert not (tmp_path / "asset/sluice/domain").exists()
    assert (tmp_path / "asset/functions/score/handler.py").read_text() == "changed"


def test_bytecode_of_an_asset_runs_instead_of_its_source(source: Path, tmp_path: Path) -> None:
    _write(source / "sluice/domain/ids.py", "print('from bytecode')")
    asset = tmp_path / "asset"
    build_function(source, "score", asset)
    plain = fingerprint(asset)
    build_function(source, "score", asset, compiled=True)
    assert fingerprint(asset) != plain, "Lambda is given the asset that gained its bytecode"
    _write(asset / "sluice/domain/ids.py", "raise SystemExit('compiled anew')")

    command = [sys.executable, "-c", "import sluice.domain.ids"]
    told = subprocess.run(command, cwd=asset, capture_output=True, text=True, check=False)

    assert told.stdout.strip() == "from bytecode", told.stderr


def test_a_layer_of_this_host_compiles_once_whatever_of_it_is_broken(tmp_path: Path) -> None:
    for name, content in (("a/b.py", "x = 1"), ("a/tests/c.py", ""), ("a/broken.py", "print 'old'")):
        _write(tmp_path / name, content)

    compile_for_this_host(tmp_path)

    assert {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")} == {"b"}


def test_an_asset_has_one_fingerprint_whatever_bits_its_bytecode_has(source: Path, tmp_path: Path) -> None:
    _write(source / "sluice/domain/ids.py", "LENGTH = 32")
    for asset in (tmp_path / "one", tmp_path / "two"):
        build_function(source, "score", asset, compiled=True)
    (compiled,) = (tmp_path / "two/sluice/domain").rglob("*.pyc")
    compiled.write_bytes(compiled.read_bytes() + b"more")

    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two")


@pytest.mark.parametrize(
    ("file", "left_out"),
    [
        ("numpy/_core/tests/test_multiarray.py", True),
        ("numpy/__init__.pyi", True),
        ("numpy/_core/include/numpy/ndarraytypes.h", True),
        ("bin/pytest", True),
        ("numpy/__init__.py", False),
        ("numpy/testing/__init__.py", False),
        ("sklearn/datasets/data/iris.csv", False),
    ],
)
def test_tests_stubs_and_headers_are_left_out(file: str, left_out: bool) -> None:
    assert is_stripped(Path(file)) is left_out


def test_a_library_is_cut_behind_its_last_segment(tmp_path: Path) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(_elf(code=b"code" * 10, debug=b"debug" * 100))
    whole = library.stat().st_size

    strip(tmp_path)

    content = library.read_bytes()
    assert content.endswith(b"code")
    assert len(content) == whole - 500
    assert struct.unpack_from("<Q", content, 0x28) == (0,), "no section table is promised"
    assert stripped_size(library) == len(content)


def test_what_is_no_library_stays_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "script.so"
    script.write_bytes(b"INPUT(libfoo.so)")

    strip_library(script)

    assert script.read_bytes() == b"INPUT(libfoo.so)"
    assert stripped_size(script) == 16


def test_layers_over_their_budget_or_too_much_together_are_named() -> None:
    sizes = {"base": 11.0, "train": 240.0}

    said = over_budget(sizes, {("base", "train"), ("base",)})

    assert said == [
        "layer train weighs 240 MB, its budget is 232 MB",
        "base + train weigh 251 MB, Lambda takes 247 MB",
    ]


def _elf(code: bytes, debug: bytes) -> bytes:
    """The smallest 64-bit ELF with one segment, followed by debug sections."""
    start = 64 + PROGRAM_HEADER.size
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<QQ", head, 0x20, 64, start + len(code))
    struct.pack_into("<HH", head, 0x36, PROGRAM_HEADER.size, 1)
    segment = PROGRAM_HEADER.pack(1, 5, 0, 0, 0, start + len(code), start + len(code), 4096)
    return bytes(head) + segment + code + debug


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
