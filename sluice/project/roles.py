"""Which role a column probably has, and why: one table, first row that fits."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sluice.project.column_facts import ColumnFacts
from sluice.project.contract import Role

_MOSTLY_MISSING = 0.95
_MOST_CATEGORIES = 200
_LONGEST_CATEGORY = 200
_FEW_ROWS_EACH = 0.5
_SOME_CATEGORIES = 10

_ID_WORDS = frozenset(
    {"id", "uuid", "guid", "key", "number", "nr", "no", "index", "idx", "seq", "row", "ref"}
)
_PROTECTED_WORDS = frozenset(
    {
        "sex",
        "gender",
        "race",
        "ethnicity",
        "ethnic",
        "religion",
        "nationality",
        "disability",
        "age",
        "foreign",
    }
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known about the other columns when one is judged."""

    target: str
    id_column: str | None
    time_column: str | None
    markers: frozenset[str]
    copies_of_target: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    role: Role
    note: str | None = None


def words_of(name: str) -> frozenset[str]:
    """CustomerID, customer_id and "customer id" are all {customer, id}."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def looks_like_id(facts: ColumnFacts) -> bool:
    """Different in every row and named like an identifier."""
    return facts.unique and facts.dtype in {"string", "integer"} and bool(words_of(facts.name) & _ID_WORDS)


def _distinct(facts: ColumnFacts, situation: Situation) -> int:
    return len(facts.values(situation.markers))


def _has_too_many_values(facts: ColumnFacts, situation: Situation) -> bool:
    distinct = _distinct(facts, situation)
    sparse = distinct > _SOME_CATEGORIES and distinct > _FEW_ROWS_EACH * facts.rows
    many = facts.crowded or distinct > _MOST_CATEGORIES or facts.longest > _LONGEST_CATEGORY
    return facts.dtype == "string" and (many or sparse)


_Test = Callable[[ColumnFacts, Situation], bool]
_RULES: tuple[tuple[_Test, Role, str | None], ...] = (
    (lambda facts, known: facts.name == known.target, "target", None),
    (lambda facts, known: facts.name == known.id_column, "id", None),
    (lambda facts, known: facts.name == known.time_column, "time", None),
    (lambda facts, known: _distinct(facts, known) == 0, "ignored", "empty in every row"),
    (lambda facts, known: _distinct(facts, known) == 1, "ignored", "never another value"),
    (
        lambda facts, known: facts.missing(known.markers) > _MOSTLY_MISSING * facts.rows,
        "ignored",
        "missing in nearly every row",
    ),
    (
        lambda facts, known: facts.name in known.copies_of_target,
        "ignored",
        "says the same as the target, row by row",
    ),
    (lambda facts, _: looks_like_id(facts) or facts.counts_rows, "ignored", "numbers the rows"),
    (
        lambda facts, _: facts.dtype == "timestamp",
        "ignored",
        "a time cannot be a model input; derive numbers from it",
    ),
    (
        lambda facts, _: bool(words_of(facts.name) & _PROTECTED_WORDS),
        "protected",
        "by its name: watched for bias, and a model input only with use_as_feature and a reason",
    ),
    (_has_too_many_values, "ignored", "free text or too many different values"),
)


def judge(facts: ColumnFacts, situation: Situation) -> Judgement:
    for test, role, note in _RULES:
        if test(facts, situation):
            return Judgement(role, note)
    return Judgement("feature")
