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
    ("roc_auc", ("binary",), True),
    ("average_precision", ("binary",), True),
    ("brier", ("binary",), False),
    ("precision", ("binary",), True),
    ("recall", ("binary",), True),
    ("f1", ("binary",), True),
    ("f1_macro", ("multiclass",), True),
    ("accuracy", ("binary", "multiclass"), True),
    ("balanced_accuracy", ("binary", "multiclass"), True),
    ("log_loss", ("binary", "multiclass"), False),
    ("rmse", ("regression",), False),
    ("mae", ("regression",), False),
    ("r2", ("regression",), True),
)

METRICS = {name: Metric(name, tasks, higher) for name, tasks, higher in _ROWS}


def metrics_of(task: Task) -> tuple[str, ...]:
    return tuple(metric.name for metric in METRICS.values() if task in metric.tasks)


#: A primary metric carries the comparison of candidate and champion: it needs a paired interval.
#: The first is the default.
PRIMARY_METRICS: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "accuracy", "brier", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("rmse", "mae"),
}
