"""MLflow's filter strings: comparisons joined by AND. Read once into clauses, then asked of many things.

metrics.auc > 0.8 AND params."depth" = '3' AND tags.`a b` ILIKE '%x' AND run_id IN ('a', 'b')
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sluice.domain.errors import Invalid
from sluice.domain.tracking.grammars import DATASET_KEYS, LISTS, Grammar, Kind

Scalar = str | float | int
Operand = Scalar | tuple[str, ...] | None
Seen = Scalar | tuple[str, ...] | None
Lookup = Callable[[Kind, str], Seen]
"""Of one thing: the value of a key, None where it has none; of a dataset key, those of all its datasets."""

_TOKENS = re.compile(
    r"""(?P<space>\s+)
      |(?P<number>-?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      |(?P<text>'(?:''|\\'|[^'])*')
      |(?P<name>(?:\w+|`[^`]+`)\s*\.\s*(?:"[^"]+"|`[^`]+`|'[^']+'|[^\W\d][\w./-]*|\d[\w./-]*)|[^\W\d]\w*|`[^`]+`|"[^"]*")
      |(?P<operator><=|>=|!=|<>|==|=|<|>)
      |(?P<mark>[(),])""",
    re.VERBOSE,
)
_NAME = re.compile(r"(?:(?P<entity>\w+|`[^`]+`)\s*\.\s*)?(?P<key>.+)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Scalar, Scalar], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LONGEST = 20_000


class Token(NamedTuple):
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; `operand` is None for IS NULL and IS NOT NULL."""

    kind: Kind
    key: str
    operator: str
    operand: Operand = None


def parse_filter(text: str, grammar: Grammar) -> tuple[Clause, ...]:
    """The clauses of a filter; Invalid says what is wrong and at which character (counted from 1)."""
    tokens = tokenize(text)
    if not tokens:
        return ()
    reader = _Reader(text, tokens)
    clauses = [_clause(reader, grammar)]
    while reader.next is not None:
        reader.expect_word("AND")
        clauses.append(_clause(reader, grammar))
    return tuple(clauses)


def tokenize(text: str) -> list[Token]:
    if len(text) > _LONGEST:
        raise Invalid(f"a filter has at most {_LONGEST} characters")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        found = _TOKENS.match(text, position)
        if found is None:
            raise _wrong(text, position, f"cannot read {text[position : position + 20]!r}")
        if found.lastgroup != "space":
            tokens.append(Token(str(found.lastgroup), found.group(), position))
        position = found.end()
    return tokens


def read_name(token: Token, text: str, grammar: Grammar, *, order: bool = False) -> tuple[Kind, str]:
    """(kind, key) of an identifier, aliases resolved."""
    found = _NAME.fullmatch(token.text)
    entity, key = (found["entity"], unquoted(found["key"])) if found else (None, token.text)
    name = unquoted(entity) if entity else "attribute"
    kind = grammar.entities.get(name)
    if kind is None or (order and kind not in grammar.order_entities):
        allowed = ", ".join(sorted(grammar.entities))
        raise _wrong(text, token.position, f"invalid entity type {name!r}, expected one of {allowed}")
    _check_key(token, text, grammar, kind, key, order=order)
    return kind, grammar.aliases.get(key, key) if kind == "attribute" else key


def unquoted(text: str) -> str:
    """Without the quotes ("…", '…' or `…`) around it, if there are any."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`" else text


def compile_filter(clauses: Sequence[Clause]) -> Callable[[Lookup], bool]:
    """A test of whether something matches all clauses, given the way to look at it."""
    tests = [(clause.kind, clause.key, compile_clause(clause)) for clause in clauses]

    def matches(lookup: Lookup) -> bool:
        return all(test(lookup(kind, key)) for kind, key, test in tests)

    return matches


class _Reader:
    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self._tokens = tokens
        self._place = 0

    @property
    def next(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def take(self, expected: str) -> Token:
        token = self.next
        if token is None:
            raise _wrong(self.text, len(self.text), f"the filter ends where {expected} is expected")
        self._place += 1
        return token

    def take_kind(self, kind: str, expected: str) -> Token:
        token = self.take(expected)
        if token.kind != kind:
            raise _wrong(self.text, token.position, f"expected {expected}, found {token.text!r}")
        return token

    def is_word(self, word: str) -> bool:
        token = self.next
        found = token is not None and token.kind == "name" and token.text.upper() == word
        self._place += found
        return found

    def expect_word(self, word: str) -> None:
        token = self.next
        if not self.is_word(word):
            position = token.position if token else len(self.text)
            found = repr(token.text) if token else "the end"
            raise _wrong(self.text, position, f"expected {word}, found {found} (only AND joins clauses)")


def _clause(reader: _Reader, grammar: Grammar) -> Clause:
    name = reader.take_kind("name", "an identifier")
    kind, key = read_name(name, reader.text, grammar)
    mark = reader.next
    found = _operator(reader)
    if found not in grammar.operators(kind, key):
        allowed = ", ".join(sorted(grammar.operators(kind, key)))
        position = mark.position if mark else len(reader.text)
        raise _wrong(
            reader.text, position, f"invalid comparator '{found}' for a {kind}, not one of {allowed}"
        )
    if found.startswith("IS "):
        return Clause(kind, key, found)
    if found in LISTS:
        if not grammar.takes_list(kind, key):
            listed = ", ".join(sorted(grammar.lists or ()))
            raise _wrong(reader.text, name.position, f"only {listed} can be compared with a list")
        return Clause(kind, key, found, _list(reader))
    return Clause(kind, key, found, _value(reader, grammar, kind, key))


def _operator(reader: _Reader) -> str:
    if reader.is_word("IS"):
        negated = reader.is_word("NOT")
        reader.expect_word("NULL")
        return "IS NOT NULL" if negated else "IS NULL"
    if reader.is_word("NOT"):
        reader.expect_word("IN")
        return "NOT IN"
    for word in ("IN", "LIKE", "ILIKE"):
        if reader.is_word(word):
            return word
    return reader.take_kind("operator", "a comparator").text


def _value(reader: _Reader, grammar: Grammar, kind: Kind, key: str) -> Scalar:
    token = reader.take("a value")
    numeric = kind == "metric" or (kind == "attribute" and key in grammar.numbers)
    if numeric and token.kind == "number":
        if kind == "attribute" and token.text.lstrip("-").isdigit():
            return int(token.text)
        if kind == "metric" or not grammar.whole:
            return float(token.text)
    if not numeric and (token.kind == "text" or token.text.startswith('"')):
        return token.text[1:-1]
    if not numeric and grammar.bare and token.kind in {"number", "name"}:
        return token.text
    expected = "a quoted string" if not numeric else "a whole number" if grammar.whole else "a number"
    raise _wrong(reader.text, token.position, f"expected {expected} for {kind} {key!r}, found {token.text}")


def _list(reader: _Reader) -> tuple[str, ...]:
    opening = reader.take_kind("mark", "a list in parentheses")
    if opening.text != "(":
        raise _wrong(reader.text, opening.position, "expected a list in parentheses")
    values: list[str] = []
    while True:
        value = reader.take("a quoted string")
        if value.kind != "text" and not value.text.startswith('"'):
            raise _wrong(reader.text, value.position, "a list holds quoted strings, at least one")
        values.append(value.text[1:-1])
        mark = reader.take_kind("mark", "',' or ')'")
        if mark.text == ")":
            return tuple(values)
        if reader.next is not None and reader.next.text == ")":
            reader.take("')'")
            return tuple(values)


def _check_key(token: Token, text: str, grammar: Grammar, kind: Kind, key: str, *, order: bool) -> None:
    if kind == "attribute":
        known = (grammar.orders or grammar.attributes) if order else grammar.attributes
        if key not in known and key not in grammar.aliases:
            raise _wrong(
                text,
                token.position,
                f"invalid attribute key {key!r}, expected one of {', '.join(sorted(known))}",
            )
    if kind == "dataset" and key not in DATASET_KEYS:
        raise _wrong(text, token.position, f"invalid dataset key {key!r}, expected name, digest or context")


def compile_clause(clause: Clause) -> Callable[[Seen], bool]:
    """A test of what a thing has for the clause's key."""
    if clause.operator.startswith("IS "):
        wanted = clause.operator == "IS NULL"
        return lambda value: (value is None) == wanted
    test = _test(clause)

    def one(value: Seen) -> bool:
        if isinstance(value, tuple):
            return any(test(single) for single in value)
        return value is not None and test(value)

    return one


def _test(clause: Clause) -> Callable[[Scalar], bool]:
    operand = clause.operand
    if isinstance(operand, tuple):
        values, wanted = frozenset(operand), clause.operator == "IN"
        return lambda value: (value in values) == wanted
    if clause.operator in {"LIKE", "ILIKE"}:
        pattern = like(str(operand), ignore_case=clause.operator == "ILIKE")
        return lambda value: pattern.fullmatch(str(value)) is not None
    compare, right = _COMPARE[clause.operator], operand if operand is not None else ""
    return lambda value: compare(value, right)


def like(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """SQL's LIKE: `%` any text, `_` any character."""
    source = re.escape(pattern).replace("%", ".*").replace("_", ".")
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _wrong(text: str, position: int, what: str) -> Invalid:
    return Invalid(f"Invalid filter or order_by at character {position + 1}: {what}. In: {text[:500]!r}")
