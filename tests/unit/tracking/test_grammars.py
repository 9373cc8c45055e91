"""The filters of all five searches, read by MLflow's own parsers beside ours: any filter, right or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.store.tracking.dbmodels.models import SqlLoggedModel
from mlflow.utils import search_utils
from mlflow.utils.search_logged_model_utils import parse_filter_string

from sluice.domain.errors import Invalid
from sluice.domain.tracking import grammars
from sluice.domain.tracking.filters import parse_filter
from sluice.domain.tracking.grammars import Grammar

pytestmark = pytest.mark.filterwarnings("ignore")

Read = list[tuple[str, str, str, Any]] | None
"""Comparisons as (kind, key, operator, value); None for a filter that is refused."""

_KINDS = {
    "parameter": "param",
    "attributes": "attribute",
    "metrics": "metric",
    "params": "param",
    "tags": "tag",
}


@dataclass(frozen=True)
class Searched:
    """One of the searches; `entities` are those that both sides know."""

    grammar: Grammar
    parse: Callable[[str], list[tuple[str, str, str, Any]]]
    entities: tuple[str, ...]

    def theirs(self, text: str) -> Read:
        try:
            found = self.parse(text)
        except Exception:  # noqa: BLE001 - whatever MLflow raises: its server answers 400 or 500
            return None
        aliases = self.grammar.aliases
        return [
            (
                _KINDS.get(kind, kind),
                aliases.get(key, key) if kind.startswith("attr") else key,
                operator,
                value,
            )
            for kind, key, operator, value in found
        ]

    def ours(self, text: str) -> Read:
        try:
            return [
                (one.kind, one.key, one.operator, one.operand) for one in parse_filter(text, self.grammar)
            ]
        except Invalid:
            return None


def _by(utils: Any) -> Callable[[str], list[tuple[str, str, str, Any]]]:
    """MLflow judges comparators and whole numbers when it makes SQL: by the same tables."""

    def parse(text: str) -> list[tuple[str, str, str, Any]]:
        read = []
        for one in utils.parse_search_filter(text):
            kind, key, operator, value = one["type"], one["key"], one["comparator"].upper(), one["value"]
            judges = (utils.is_metric, utils.is_param, utils.is_tag, utils.is_dataset)
            if kind != "attribute":
                any(judge(kind, operator) for judge in judges)
            elif not utils.is_string_attribute(kind, key, operator):
                utils.is_numeric_attribute(kind, key, operator)
                if utils is not search_utils.SearchUtils and str(value) != str(int(value)):
                    raise ValueError(value)
            if operator in {"IN", "NOT IN"} and not isinstance(value, tuple):
                raise ValueError(value)
            read.append((kind, key, operator, float(value) if kind == "metric" else value))
        return read

    return parse


def _logged(text: str) -> list[tuple[str, str, str, Any]]:
    parsed = parse_filter_string(text)
    if any((one.op in {"IN", "NOT IN"}) != isinstance(one.value, tuple) for one in parsed):
        raise ValueError(text)
    for one in parsed:
        if one.entity.type.value == "attributes":
            getattr(SqlLoggedModel, one.entity.key)
    return [(one.entity.type.value, one.entity.key, one.op, one.value) for one in parsed]


_TAGS = ("tag", "tags", "attribute")
SEARCHES = {
    "runs": Searched(grammars.RUNS, _by(search_utils.SearchUtils), tuple(sorted(grammars.RUNS.entities))),
    "experiments": Searched(grammars.EXPERIMENTS, _by(search_utils.SearchExperimentsUtils), _TAGS),
    "models": Searched(grammars.MODELS, _by(search_utils.SearchModelUtils), _TAGS),
    "versions": Searched(grammars.VERSIONS, _by(search_utils.SearchModelVersionUtils), _TAGS),
    "logged": Searched(grammars.LOGGED_MODELS, _logged, ("attributes", "metrics", "params", "tags")),
}

_WORDS = [
    "a",
    "auc",
    "a.b",
    "mlflow.source.name",
    "order",
    "date",
    "count",
    "timestamp",
    "name",
    "type",
    "_x1",
]
_OUTSIDE = st.text(
    st.characters(codec="utf-8", exclude_characters="'\\\"`", exclude_categories=["C", "Z"]), max_size=8
)
_NUMBERS = st.one_of(
    st.integers(-(10**13), 10**13).map(str),
    st.floats(-1e6, 1e6).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["1e5", "-2.5e-3", ".5", "5.", "00"]),
)
_LISTS = st.lists(_OUTSIDE.map("'{}'".format), max_size=3).map(lambda texts: f"({', '.join(texts)})")
_TEXT_OPERATORS = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL", "is null"]
_NUMBER_OPERATORS = ["=", "!=", "<", "<=", ">", ">="]


@st.composite
def clauses(draw: st.DrawFn, name: str) -> str:
    """A comparison that mostly fits its key. What MLflow reads in ways of its own is in
    `tests/stores/tracking/test_beside_mlflow.py`.
    """
    searched = SEARCHES[name]
    grammar = searched.grammar
    kind, key, identifier = draw(_identifiers(name))
    numeric = kind == "metric" or grammar.aliases.get(key, key) in grammar.numbers
    if draw(st.integers(0, 9)) == 0:
        numeric = not numeric
    operator = draw(st.sampled_from(_NUMBER_OPERATORS if numeric else _TEXT_OPERATORS))
    if "NULL" in operator.upper():
        return f"{identifier} {operator}"
    if "IN" in operator.split():
        listed = draw(_LISTS)
        return f"{identifier} {operator} " + ("('x')" if (listed, name) == ("()", "logged") else listed)
    quote = "'" if name == "logged" else draw(st.sampled_from("'\""))
    if key == "experiment_id":
        return f"{identifier} {operator.replace('ILIKE', '=').replace('LIKE', '=')} '12'"
    value = draw(_NUMBERS) if numeric else f"{quote}{draw(_OUTSIDE)}{quote}"
    space = draw(st.sampled_from(["", " ", "\n"])) if not operator[0].isalpha() else " "
    return f"{identifier}{space}{operator}{space}{value}"


@st.composite
def _identifiers(draw: st.DrawFn, name: str) -> tuple[str, str, str]:
    searched = SEARCHES[name]
    entity = draw(st.sampled_from(["", *searched.entities, "nothing"]))
    kind = searched.grammar.entities.get(entity or "attribute", "attribute")
    if kind == "attribute" or not entity:
        key = draw(
            st.sampled_from(sorted({*searched.grammar.attributes, *searched.grammar.aliases, "nothing"}))
        )
        # MLflow reads no blanks there, and its SQL does not know all the names that its parser has.
        unread = name == "logged" and "time" in key and (entity or "updated" in key)
        key = "nothing" if " " in key or unread else key
        return kind, key, f"{entity}.{key}" if entity else key
    if kind == "dataset":
        key = draw(st.sampled_from(["name", "digest", "context", "nothing"]))
        return kind, key, f"{entity}.{key}"
    if draw(st.booleans()):
        key = draw(st.sampled_from(_WORDS))
        return kind, key, f"{entity}.{key}"
    key = draw(_OUTSIDE.filter(bool))
    quotes = "`" if name == "logged" else draw(st.sampled_from("`\"'"))
    return kind, key, f"{entity}.{quotes}{key}{quotes}"


@pytest.mark.parametrize("name", SEARCHES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_filter_is_read_or_refused_as_mlflow_does(name: str, data: st.DataObject) -> None:
    several = data.draw(st.lists(clauses(name), min_size=1, max_size=3))
    joint = data.draw(st.sampled_from([" AND ", " AND ", " and ", "\nAND ", " OR "]))
    text = joint.join(several)
    searched = SEARCHES[name]
    assert searched.ours(text) == searched.theirs(text), text


@pytest.mark.parametrize(
    ("text", "value"),
    [("params.lr = 0.01", "0.01"), ("status = READY", "READY"), ("params.a != -1e5", "-1e5")],
)
def test_a_text_of_a_logged_model_may_stand_without_quotes(text: str, value: str) -> None:
    read = SEARCHES["logged"].ours(text)
    assert read is not None
    assert read == SEARCHES["logged"].theirs(text)
    assert read[0][3] == value
