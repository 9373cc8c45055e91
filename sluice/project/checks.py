"""What one section of project.yaml demands of another, and values that must fit each other."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sluice.domain.counts import QUALITY_METRICS, Task
from sluice.domain.endpoints import EDGE
from sluice.domain.errors import Reason
from sluice.project.check_contract import contract_reasons, target_reasons
from sluice.project.contract import Contract
from sluice.project.evaluation import Evaluation, Split
from sluice.project.metrics import METRICS, PRIMARY_METRICS, metrics_of
from sluice.project.monitoring import Monitoring
from sluice.project.pipelines import pipeline_reasons
from sluice.project.promotion import EXECUTED_STRATEGIES, Promotion
from sluice.project.reasons import ABSENT, one_of, shown

if TYPE_CHECKING:
    from sluice.project.schema import ProjectSpec


def check(spec: "ProjectSpec") -> Iterator[Reason]:
    """Every contradiction in a document whose parts are valid by themselves."""
    yield from contract_reasons(spec.contract)
    yield from target_reasons(spec.target, spec.contract, spec.evaluation.task)
    yield from _training(spec)
    yield from _measures(spec.evaluation)
    yield from _decision(spec.evaluation)
    yield from _split(spec.evaluation.split, spec.contract)
    yield from _promotion(spec.promotion)
    yield from _monitoring(spec.monitoring, spec.evaluation.task)


def _training(spec: "ProjectSpec") -> Iterator[Reason]:
    training = spec.training
    if (training.entry is None) == (training.pipeline is None):
        value = ABSENT if training.entry is None else "both"
        yield Reason("training", "one of entry and pipeline is needed", value, "entry or pipeline")
    if training.pipeline is not None:
        yield from pipeline_reasons(training.pipeline, spec.evaluation.task)


def _measures(evaluation: Evaluation) -> Iterator[Reason]:
    known = metrics_of(evaluation.task)
    named = [(f"evaluation.metrics[{n}]", name) for n, name in enumerate(evaluation.metrics)]
    named += [(f"evaluation.floors.{name}", name) for name in evaluation.floors]
    for path, name in named:
        if name not in known:
            message = f"not a metric of a {evaluation.task} task" if name in METRICS else "unknown metric"
            yield Reason(path, message, shown(name), one_of(known))
    allowed = PRIMARY_METRICS[evaluation.task]
    if evaluation.primary_metric not in allowed:
        message, primary = "only these are compared by an interval", shown(evaluation.primary_metric)
        yield Reason("evaluation.primary_metric", message, primary, one_of(allowed))


def _decision(evaluation: Evaluation) -> Iterator[Reason]:
    threshold, costs = evaluation.threshold, evaluation.cost_matrix
    if costs is not None and threshold is not None:
        message = "the costs choose the threshold"
        yield Reason("evaluation.threshold", message, shown(threshold), "threshold or cost_matrix")
    for key, value in (("threshold", threshold), ("cost_matrix", costs)):
        if value is not None and evaluation.task != "binary":
            yield Reason(f"evaluation.{key}", f"the task is {evaluation.task}", "(present)", "a binary task")


_SPLIT_KEYS = {"hash": ("test_fraction",), "time": ("column", "cutoff"), "row": ("cutoff_row",)}


def _split(split: Split, contract: Contract) -> Iterator[Reason]:
    for by, keys in _SPLIT_KEYS.items():
        for key in keys:
            value = getattr(split, key)
            path = f"evaluation.split.{key}"
            if value is None and by == split.by:
                yield Reason(path, f"a split by {by} needs it", ABSENT, "a value")
            if value is not None and by != split.by:
                yield Reason(path, f"a split by {split.by} does not use it", shown(value), f"by: {by}")
    if split.by == "time":
        yield from _time_split(split, contract)


def _time_split(split: Split, contract: Contract) -> Iterator[Reason]:
    times = [column.name for column in contract.with_role("time")]
    if split.column is not None and split.column not in times:
        expected = f"the column with role time ({', '.join(times) or 'there is none'})"
        yield Reason("evaluation.split.column", "rows have no time there", shown(split.column), expected)
    try:
        datetime.fromisoformat(split.cutoff or "2000-01-01")
    except ValueError:
        expected = "ISO 8601, such as 2026-11-23"
        yield Reason("evaluation.split.cutoff", "not a time", shown(split.cutoff), expected)


def _promotion(promotion: Promotion) -> Iterator[Reason]:
    if promotion.strategy not in EXECUTED_STRATEGIES:
        message = "this release rolls out all at once; other strategies are refused rather than ignored"
        yield Reason("promotion.strategy", message, shown(promotion.strategy), one_of(EXECUTED_STRATEGIES))
    names = [environment.name for environment in promotion.environments]
    if not names or names[-1] != "production":
        message = "the address without an environment answers from production"
        yield Reason("promotion.environments", message, shown(names), "production as the last one")
    if len(set(names)) < len(names):
        message = "an environment is listed twice"
        yield Reason("promotion.environments", message, shown(names), "each name once")
    if EDGE in names:
        message = "predictions of exported bundles are kept under this name"
        yield Reason("promotion.environments", message, shown(names), "another name")


def _monitoring(monitoring: Monitoring, task: Task) -> Iterator[Reason]:
    if monitoring.minimum_rows > monitoring.window_rows:
        message = "a window closes before it has rows enough to say anything"
        expected = f"at most window_rows ({monitoring.window_rows})"
        yield Reason("monitoring.minimum_rows", message, shown(monitoring.minimum_rows), expected)
    if monitoring.warn_psi > monitoring.alarm_psi:
        message, expected = "it would never warn", f"at most alarm_psi ({monitoring.alarm_psi:g})"
        yield Reason("monitoring.warn_psi", message, shown(monitoring.warn_psi), expected)
    metric = monitoring.retraining.quality_metric
    if metric is not None and metric not in QUALITY_METRICS[task]:
        path, message = "monitoring.retraining.quality_metric", f"labels of a {task} task do not give it"
        yield Reason(path, message, shown(metric), one_of(QUALITY_METRICS[task]))
