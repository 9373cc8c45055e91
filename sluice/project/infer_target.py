"""What kind of question the target column asks."""

from dataclasses import dataclass

from sluice.domain.errors import Invalid, Reason
from sluice.project.column_facts import ColumnFacts
from sluice.project.contract import DType
from sluice.project.metrics import Task

_MOST_CLASSES = 50
_MOST_NUMERIC_CLASSES = 10
_ROWS_PER_CLASS = 10
_TWO = 2
_POSITIVE_WORDS = frozenset(
    {"1", "true", "yes", "y", "bad", "default", "churn", "churned", "fraud", "positive"}
)


@dataclass(frozen=True, slots=True)
class TargetGuess:
    """`classes` are empty for a regression; `positive` is set for a binary task."""

    task: Task
    dtype: DType
    classes: tuple[str, ...] = ()
    positive: str | None = None
    warnings: tuple[str, ...] = ()


def guess_target(facts: ColumnFacts, markers: frozenset[str]) -> TargetGuess:
    """Invalid when the column cannot be predicted: labels missing, one value only, or almost free text."""
    if missing := facts.missing(markers):
        raise _refused(facts, f"{missing} rows have no value in it", "a value in every row")
    values = facts.values(markers)
    if len(values) < _TWO:
        raise _refused(facts, f"every row says {next(iter(values), '')!r}", "at least two different values")
    dtype = "integer" if facts.dtype == "number" and facts.is_whole else facts.dtype
    few = len(values) <= (_MOST_NUMERIC_CLASSES if dtype in {"integer", "number"} else _MOST_CLASSES)
    if dtype in {"integer", "number"} and (dtype == "number" or not few):
        return TargetGuess("regression", facts.dtype)
    if not few or facts.crowded or dtype == "timestamp":
        raise _refused(
            facts, f"{len(values)} different values", f"numbers, or at most {_MOST_CLASSES} classes"
        )
    counts = {_class_name(value, dtype): count for value, count in values.items()}
    warnings = tuple(
        f"class {name!r} has only {count} rows: too few to judge a model on it"
        for name, count in counts.items()
        if count < _ROWS_PER_CLASS
    )
    if len(counts) == _TWO:
        return TargetGuess("binary", dtype, tuple(sorted(counts)), _positive(counts), warnings)
    return TargetGuess("multiclass", dtype, tuple(sorted(counts)), None, warnings)


def _class_name(value: str, dtype: DType) -> str:
    if dtype == "integer":
        return str(int(float(value)))
    if dtype == "boolean":
        return str(int(value.lower() == "true"))
    return value


def _positive(counts: dict[str, int]) -> str:
    named = [name for name in counts if name.lower() in _POSITIVE_WORDS]
    return named[0] if len(named) == 1 else min(counts, key=lambda name: (counts[name], name))


def _refused(facts: ColumnFacts, found: str, expected: str) -> Invalid:
    message = f"column {facts.name!r} cannot be the target: {found}"
    return Invalid(message, [Reason("--target", message, found, expected)])
