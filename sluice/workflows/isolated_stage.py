"""What the isolated states do around their work: they reach no table, only their training's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.domain.clock import Clock, format_time, system_clock
from sluice.domain.errors import Invalid, Reason
from sluice.domain.training_files import IsolatedStage, log_of, result_of
from sluice.isolation.run_isolated import ChildResult, Limits
from sluice.project.training_job import IsolatedResult, TrainingJob
from sluice.stores.isolated_files import IsolatedFiles
from sluice.web.observability import note
from sluice.workflows.training_stage import Found, StageInput

_MARGIN_SECONDS = 20.0
_PARENT_MEMORY_MB = 300
_LEAST_MEMORY_MB = 512

IsolatedWork = Callable[[TrainingJob, IsolatedFiles, Limits], Found]


def run_isolated_stage(
    files: IsolatedFiles,
    given: StageInput,
    stage: IsolatedStage,
    work: IsolatedWork,
    *,
    seconds_left: float,
    memory_mb: int,
    clock: Clock = system_clock,
) -> dict[str, str]:
    """Do the work and leave its result where the next state finds it. `Invalid` is a rejection."""
    started = format_time(clock())
    job = TrainingJob.parse(files.read_job())
    try:
        found = work(job, files, _limits(job, seconds_left, memory_mb))
    except Invalid as refused:
        found = Found("rejected", reasons=refused.reasons or (Reason(stage, str(refused)),))
    result = IsolatedResult(
        stage,
        found.outcome,
        started,
        format_time(clock()),
        tuple(found.reasons),
        found.artefacts,
        found.details,
    )
    files.write(result_of(stage, given.attempt), result.to_bytes())
    return {"outcome": found.outcome}


def seconds_left(context: Any) -> float:  # noqa: ANN401 - Lambda's context
    """Until Lambda ends this invocation."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if remaining else 600.0


def keep_log(files: IsolatedFiles, stage: IsolatedStage, child: ChildResult) -> Mapping[str, Any]:
    """The end of what the child wrote, as an artefact; the access line says how it was confined."""
    note(confinement=list(child.confinement), child=child.status, child_seconds=round(child.seconds, 1))
    name = "test_log" if stage == "run_project_tests" else "training_log"
    return {name: files.write(log_of(stage), child.log.encode())}


@dataclass(frozen=True, slots=True)
class _Ending:
    message: str
    expected: str


_ENDINGS = {
    "timeout": _Ending("it was ended after its time limit", "training.limit_seconds at most"),
    "out_of_memory": _Ending("it needed more memory than there is", "less memory"),
    "crashed": _Ending("the process ended by itself", "a process that ends its work"),
    "finished": _Ending("the process ended without a result", "a process that ends its work"),
}


def ended_early(what: str, child: ChildResult, limits: Limits) -> Reason:
    """Why a child left no result, in the words of whoever wrote the code."""
    ending = _ENDINGS[child.status]
    facts = {
        "timeout": f"killed after {limits.seconds:.0f} s",
        "out_of_memory": f"{limits.memory >> 20} MB",
    }
    tail = child.log.strip()[-1_500:]
    value = facts.get(child.status, f"exit code {child.exit_code}") + (
        f"; its last output: {tail}" if tail else ""
    )
    return Reason("code", f"{what}: {ending.message}", value, ending.expected)


def _limits(job: TrainingJob, seconds_left: float, memory_mb: int) -> Limits:
    seconds = min(float(job.spec.training.limit_seconds), max(1.0, seconds_left - _MARGIN_SECONDS))
    return Limits(seconds, max(_LEAST_MEMORY_MB, memory_mb - _PARENT_MEMORY_MB) << 20)
