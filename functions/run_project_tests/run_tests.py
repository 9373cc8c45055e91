"""Unpack the code, run pytest in a child, turn what it found into an outcome."""

from __future__ import annotations

from functions.run_project_tests.verdict import Verdict
from sluice.domain.errors import Reason
from sluice.isolation.code_archive import unpack
from sluice.isolation.run_isolated import Limits, read_output, run_isolated, working_folder
from sluice.project.training_job import TrainingJob
from sluice.stores.isolated_files import IsolatedFiles
from sluice.workflows.isolated_stage import ended_early, keep_log
from sluice.workflows.training_stage import Found

_MOST_FAILURES = 20
_LARGEST_VERDICT = 1 << 20


def run_tests(job: TrainingJob, files: IsolatedFiles, limits: Limits) -> Found:
    """Passed when every test passed and there was one. Invalid for an archive that cannot be unpacked."""
    if job.code is None:
        return Found("passed", details={"tests": "none: the pipeline is declared in project.yaml"})
    with working_folder() as folder:
        unpack(files.read(job.code), folder / "code")
        child = run_isolated("functions.run_project_tests.run_pytest:main", folder, {}, limits)
        verdict = Verdict.parse(read_output(folder, Verdict.FILE, _LARGEST_VERDICT))
    log = keep_log(files, "run_project_tests", child)
    if verdict is None:
        return Found("rejected", artefacts=log, reasons=[ended_early("the tests", child, limits)])
    reasons = _reasons(verdict)
    counted = {"tests_passed": verdict.passed, "tests_failed": len(verdict.failures)}
    return Found("rejected" if reasons else "passed", artefacts=log, details=counted, reasons=reasons)


def _reasons(verdict: Verdict) -> list[Reason]:
    if not verdict.failures and not verdict.passed:
        message = "no test was found" if not verdict.collected else "no test was run"
        return [Reason("code", message, f"{verdict.collected} tests", "at least one in tests/test_*.py")]
    reasons = [
        Reason(f"code/{failure.test}", "this test failed", failure.message, "a test that passes")
        for failure in verdict.failures[:_MOST_FAILURES]
    ]
    if (more := len(verdict.failures) - _MOST_FAILURES) > 0:
        reasons.append(Reason("code", f"and {more} more tests failed"))
    return reasons
