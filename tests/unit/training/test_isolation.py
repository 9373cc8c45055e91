"""What a child can reach: nothing. Tried for real, in the process that runs a project's tests."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from functions.run_project_tests.verdict import Verdict
from sluice.isolation.run_isolated import (
    ChildResult,
    IsolationFaultError,
    Limits,
    read_output,
    run_isolated,
    working_folder,
)

RUN_PYTEST = "functions.run_project_tests.run_pytest:main"

PROBES = """
import os, socket, subprocess, sys, pytest

def test_own_files(): open("own.txt", "w").write("x")
def test_environment(): assert not [name for name in os.environ if "AWS" in name or "SECRET" in name]
def test_parents_environment(): open(f"/proc/{os.getppid()}/environ", "rb").read()
def test_parents_memory(): open(f"/proc/{os.getppid()}/mem", "rb").read(1)
def test_credentials(): os.listdir(os.path.expanduser("~root"))
def test_the_machines_files(): open("/etc/passwd").read()
def test_other_peoples_files(): open(os.environ.get("NEVER", "%s")).read()
def test_writing_outside(): open("/tmp/sluice-was-here", "w")
def test_a_socket(): socket.create_connection(("127.0.0.1", %d), 1)
def test_the_parent(): os.kill(os.getppid(), 0)
"""
ALLOWED = {"test_own_files", "test_environment"}


def run_tests(code: str, seconds: float = 30, memory: int = 1 << 30) -> tuple[ChildResult, Verdict | None]:
    with working_folder() as folder:
        (folder / "code").mkdir()
        (folder / "code" / "test_it.py").write_text(code)
        result = run_isolated(RUN_PYTEST, folder, {}, Limits(seconds, memory))
        return result, Verdict.parse(read_output(folder, Verdict.FILE, 1 << 20))


@pytest.mark.enable_socket
def test_a_child_reaches_its_own_files_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (tmp_path / "private").write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as server:
        result, verdict = run_tests(PROBES % (tmp_path / "private", server.getsockname()[1]))

    assert verdict is not None
    failed = {failure.test.rpartition("::")[2] for failure in verdict.failures}
    steps = result.confinement
    assert verdict.passed == verdict.collected - len(failed)
    assert not failed & ALLOWED
    assert failed >= {"test_parents_environment", "test_parents_memory"}
    if "files" in steps:
        assert failed >= {"test_the_machines_files", "test_other_peoples_files", "test_writing_outside"}
    if {"tcp", "network"} & set(steps):
        assert "test_a_socket" in failed


def test_whatever_a_child_started_is_gone_with_it() -> None:
    code = """
import os, time
def test_it():
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            time.sleep(600)
    time.sleep(600)
"""
    before = set(own_children())
    started = time.monotonic()

    result, verdict = run_tests(code, seconds=3)

    assert result.status == "timeout"
    assert verdict is None
    assert time.monotonic() - started < 10
    assert set(own_children()) <= before


def test_a_child_that_wants_too_much_memory_hears_so() -> None:
    _, verdict = run_tests("def test_it():\n    bytearray(2 << 30)\n", memory=1 << 30)

    assert verdict is not None
    assert "MemoryError" in verdict.failures[0].message


def test_the_end_of_a_childs_output_is_kept() -> None:
    result, _ = run_tests(
        "import sys\nsys.stdout.write('x' * 500_000 + 'the end')\nsys.stdout.flush()\n1/0\n"
    )

    assert len(result.log) <= Limits(1).log
    assert "1 error" in result.log


def test_a_link_to_somebody_elses_file_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "model.onnx").symlink_to(tmp_path / "secret")
    os.link(tmp_path / "secret", tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").write_bytes(b"four")

    assert read_output(tmp_path, "model.onnx", 100) is None
    assert read_output(tmp_path, "hard", 100) is None
    assert read_output(tmp_path, "pipe", 100) is None
    assert read_output(tmp_path, "absent", 100) is None
    assert read_output(tmp_path, "plain", 3) is None
    assert read_output(tmp_path, "plain", 4) == b"four"


def test_the_platforms_own_mistake_is_not_blamed_on_the_code() -> None:
    with working_folder() as folder, pytest.raises(IsolationFaultError, match="nothing_like_this"):
        run_isolated("nothing_like_this:main", folder, {}, Limits(10))


def own_children() -> list[int]:
    if sys.platform != "linux":
        return []
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.append(int(path.parent.name))
    return found
