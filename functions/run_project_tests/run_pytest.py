"""In the child: pytest over the project's code, and a verdict beside it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from functions.run_project_tests.verdict import Failure, Verdict

#: pytest's exit codes for: interrupted, internal error, wrong usage.
_NOT_RUN = (2, 3, 4)
_OWN_SETTINGS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def main(folder: Path) -> None:
    """Run the tests in `folder`/code with no plugin but our own, and write the verdict."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest  # noqa: PLC0415 - the variable above is read at import

    code = folder / "code"
    os.chdir(code)
    sys.path.insert(0, str(code))
    recorder = _Recorder()
    options = ["-p", "no:cacheprovider", "-o", "addopts=", "--rootdir", str(code), "-ra", "--tb=short"]
    if not any((code / name).exists() for name in _OWN_SETTINGS):
        # Else pytest looks for settings in the folders above, which this process may not read.
        (code / _OWN_SETTINGS[0]).write_text("[pytest]\n")
    ended = int(pytest.main([*options, "."], plugins=[recorder]))
    if ended in _NOT_RUN:
        recorder.note(Failure("pytest", f"pytest could not run them (exit code {ended}): see the log"))
    (folder / Verdict.FILE).write_text(recorder.verdict().to_json())


class _Recorder:
    """Collects pytest's reports; its method names are pytest's."""

    def __init__(self) -> None:
        self._collected = 0
        self._passed = 0
        self._failures: dict[str, Failure] = {}

    def pytest_collectreport(self, report: object) -> None:
        self._note_failure(report)

    def pytest_collection_modifyitems(self, items: list[object]) -> None:
        self._collected = len(items)

    def pytest_runtest_logreport(self, report: object) -> None:
        if getattr(report, "when", "") == "call" and getattr(report, "passed", False):
            self._passed += 1
        self._note_failure(report)

    def _note_failure(self, report: object) -> None:
        if getattr(report, "failed", False):
            name = str(getattr(report, "nodeid", "?"))
            self.note(Failure(name, _message(report)))

    def note(self, failure: Failure) -> None:
        """The first reason for a test stays; one without a test of its own only if there is no other."""
        if failure.test != "pytest" or not self._failures:
            self._failures.setdefault(failure.test, failure)

    def verdict(self) -> Verdict:
        return Verdict(self._collected, self._passed, tuple(self._failures.values()))


def _message(report: object) -> str:
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    text = str(getattr(crash, "message", "")) or str(getattr(report, "longreprtext", ""))
    return text.strip()[-1_000:]
