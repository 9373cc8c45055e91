"""What the columns of a contract, and the target among them, must agree on."""

import math
from collections.abc import Callable, Iterator

from sluice.domain.errors import Reason
from sluice.project.contract import Column, Contract, Target
from sluice.project.metrics import Task
from sluice.project.reasons import ABSENT, did_you_mean, one_of, shown

_CLASS_DTYPES = ("integer", "boolean", "string")
_NUMERIC_DTYPES = ("number", "integer")


def _range_is_empty(column: Column) -> bool:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    return low > high


#: A column is wrong when the test says so: (key shown, test, expected, message).
_COLUMN_RULES: tuple[tuple[str, Callable[[Column], bool], str, str], ...] = (
    (
        "dtype",
        lambda column: column.is_feature and column.dtype == "timestamp",
        "number, integer, boolean or string",
        "a timestamp cannot be a model input",
    ),
    (
        "dtype",
        lambda column: column.role == "time" and column.dtype != "timestamp",
        "timestamp",
        "a time column holds timestamps",
    ),
    (
        "categories",
        lambda column: column.categories is not None and column.dtype != "string",
        "dtype string",
        "only string columns have categories",
    ),
    (
        "categories",
        lambda column: len(set(column.categories or ())) < len(column.categories or ()),
        "each value once",
        "a category is repeated",
    ),
    (
        "use_as_feature",
        lambda column: column.use_as_feature is not None and column.role != "protected",
        "role protected",
        "only a protected column needs leave to be a model input",
    ),
    (
        "personal",
        lambda column: column.personal and not (column.is_feature or column.role == "protected"),
        "role feature or protected",
        "a prediction holds features and protected values only",
    ),
    (
        "minimum",
        lambda column: column.minimum is not None and column.dtype not in _NUMERIC_DTYPES,
        "dtype number or integer",
        "only numbers have a range",
    ),
    (
        "maximum",
        lambda column: column.maximum is not None and column.dtype not in _NUMERIC_DTYPES,
        "dtype number or integer",
        "only numbers have a range",
    ),
    (
        "change",
        lambda column: column.change is not None and not column.is_feature,
        "role feature",
        "only model inputs are changed in what-if answers",
    ),
    (
        "change",
        lambda column: column.change in ("increase", "decrease") and column.dtype not in _NUMERIC_DTYPES,
        "never, or dtype number or integer",
        "only numbers have a direction",
    ),
    ("minimum", _range_is_empty, "at most the maximum", "no value lies in this range"),
)


def contract_reasons(contract: Contract) -> Iterator[Reason]:
    seen: set[str] = set()
    for index, column in enumerate(contract.columns):
        path = f"contract.columns[{index}]"
        if column.name in seen:
            yield Reason(f"{path}.name", "this column is listed twice", shown(column.name), "each name once")
        seen.add(column.name)
        for key, is_wrong, expected, message in _COLUMN_RULES:
            if is_wrong(column):
                value = shown(column.model_dump(mode="json")[key])
                yield Reason(f"{path}.{key}", f"{message} (column {column.name})", value, expected)
    if not contract.features:
        yield Reason(
            "contract.columns", "there is nothing to learn from", "no feature", "a column with role feature"
        )
    for role in ("id", "time"):
        names = [column.name for column in contract.columns if column.role == role]
        if len(names) > 1:
            yield Reason(
                "contract.columns", f"more than one {role} column", shown(names), f"one {role} at most"
            )


def target_reasons(target: Target, contract: Contract, task: Task) -> Iterator[Reason]:
    names = [column.name for column in contract.columns]
    if target.name not in names:
        message = f"the contract has no such column{did_you_mean(target.name, names)}"
        yield Reason("target.name", message, shown(target.name), "a column of the contract")
        return
    for index, column in enumerate(contract.columns):
        if (column.role == "target") != (column.name == target.name):
            path, message = f"contract.columns[{index}].role", f"target.name is {target.name}"
            yield Reason(path, message, shown(column.role), "role target for the target, and only for it")
    yield from _target_column(contract.column(target.name), task)
    yield from _classes(target, contract.column(target.name), task)


def _target_column(column: Column, task: Task) -> Iterator[Reason]:
    allowed = _NUMERIC_DTYPES if task == "regression" else _CLASS_DTYPES
    if column.dtype not in allowed:
        expected = f"a target of dtype {' or '.join(allowed)}"
        yield Reason("evaluation.task", f"{column.name} is of dtype {column.dtype}", shown(task), expected)
    if column.nullable:
        message = "rows without a label cannot train"
        yield Reason("target.name", message, f"{column.name} is nullable", "nullable: false")


def _classes(target: Target, column: Column, task: Task) -> Iterator[Reason]:
    if task == "binary" and target.positive is None:
        message = "a binary task needs its positive class"
        yield Reason("target.positive", message, ABSENT, "a class of the target")
    for key, label in (("positive", target.positive), ("adverse", target.adverse)):
        if label is None:
            continue
        if task == "regression":
            yield Reason(f"target.{key}", "a regression has no classes", shown(label), "nothing")
        elif column.categories is not None and label not in column.categories:
            yield Reason(
                f"target.{key}", "the target has no such class", shown(label), one_of(column.categories)
            )
