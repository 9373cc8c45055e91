"""The metrics a project can name: for which task, and in which direction they are better."""

from dataclasses import dataclass
from typing import Literal

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    tasks: tuple[Task, ...]
    higher_is_better: bool


_ROWS: tuple[tuple[str, tuple[Task, ...], bool], ...] = (
    ("auc", ("binary",), True),
    ("brier", ("binary",), False),
    ("mean_cost", ("binary",), False),
    ("log_loss", ("binary", "multiclass"), False),
    ("accuracy", ("binary", "multiclass"), True),
    ("rmse", ("regression",), False),
    ("mae", ("regression",), False),
)

METRICS = {name: Metric(name, tasks, higher) for name, tasks, higher in _ROWS}


def metrics_of(task: Task) -> tuple[str, ...]:
    return tuple(metric.name for metric in METRICS.values() if task in metric.tasks)


#: A primary metric carries the comparison of candidate and champion: it needs a paired interval.
#: The first is the default.
PRIMARY_METRICS: dict[Task, tuple[str, ...]] = {
    "binary": ("auc", "brier", "log_loss", "accuracy"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse", "mae"),
}
