"""What a filter means: read like MLflow reads it, with MLflow's own reader beside ours."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.domain.errors import Invalid
from sluice.domain.tracking import grammars
from sluice.domain.tracking.filters import Clause, compile_filter, parse_filter

_KINDS = {
    "metric": "metric",
    "parameter": "param",
    "tag": "tag",
    "attribute": "attribute",
    "dataset": "dataset",
}


def theirs(text: str) -> list[Clause]:
    from mlflow.utils.search_utils import SearchUtils

    clauses = []
    for one in SearchUtils.parse_search_filter(text):  # type: ignore[no-untyped-call]
        kind: Any = _KINDS[one["type"]]
        key = SearchUtils.translate_key_alias(one["key"])  # type: ignore[no-untyped-call]
        value = one["value"]
        operand = (
            float(value) if kind == "metric" else tuple(value) if isinstance(value, tuple | list) else value
        )
        clauses.append(Clause(kind, key, one["comparator"].upper(), operand))
    return clauses


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc > 0.8",
        "metrics.auc>=.5 and params.depth = '3'",
        "metric.`a b` <= -1e-3 AND tags.\"x y\" != 'z'",
        "params.lr LIKE '%1' AND param.lr ilike 'A_c%'",
        "tags.mlflow.source.name = 'x.py'",
        "tags.`mlflow.user` IS NULL and parameters.depth IS NOT NULL",
        "attributes.status = 'FINISHED'",
        "run_id IN ('a', 'b') AND attribute.run_id NOT IN ('c')",
        "start_time > 1700000000000 AND end_time <= 5",
        "run_name = 'it''s'",
        "datasets.name = 'd' AND dataset.digest IN ('a','b') AND datasets.context LIKE 'tr%'",
        "created > 3",
        "attr.user_id != 'me'",
        'params."a.b" = "c"',
        "params.m = ''",
        "   metrics.a   =   1   ",
        "metrics.auc = 1 AND metrics.auc != 2 AND metrics.auc < 3",
    ],
)
def test_a_filter_is_read_as_mlflow_reads_it(text: str) -> None:
    assert list(parse_filter(text, grammars.RUNS)) == theirs(text)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc > 'x'",
        "params.depth = 3",
        "metrics.auc LIKE 'x'",
        "params.a > 'x'",
        "metrics.a = 1 OR metrics.b = 2",
        "nothing.a = 1",
        "attributes.nothing = 'x'",
        "metrics.auc",
        "metrics.auc >",
        "AND",
        "params.a = 'x' AND",
        "params.a = 'x' params.b = 'y'",
        "status IN ('a')",
        "params.a IN ('a')",
        "run_id IN ()",
        "run_id IN (1)",
        "start_time = 'x'",
        "metrics.a IS NULL",
        "datasets.nothing = 'x'",
        "status > 'x'",
        "params.a = x",
        "params.a = 'x",
        "(metrics.a = 1)",
    ],
)
def test_what_mlflow_refuses_is_refused_and_said_where(text: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.utils.search_utils import SearchUtils

    with pytest.raises(Invalid, match=r"at character \d+"):
        parse_filter(text, grammars.RUNS)
    try:
        parsed = SearchUtils.parse_search_filter(text)  # type: ignore[no-untyped-call]
    except MlflowException:
        return
    # MLflow judges some comparators only when it meets a run, and does not mind a missing or a spare AND.
    assert text in {"AND", "params.a = 'x' AND", "params.a = 'x' params.b = 'y'"} or any(
        one["comparator"].upper() not in grammars.RUNS.operators(_KINDS[one["type"]], one["key"])  # type: ignore[arg-type]
        for one in parsed
    )


_WORD = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda word: word not in {"in", "is", "not", "null", "and", "or", "like", "ilike"}
)
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="'\\\"`", exclude_categories=["C", "Z"]), max_size=12
)
_CLAUSE = st.one_of(
    st.tuples(
        _WORD,
        st.sampled_from(["=", "!=", "<", ">", "<=", ">="]),
        st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6).map(
            lambda number: f"{number:.6f}"
        ),
    ).map(lambda parts: f"metrics.`{parts[0]}` {parts[1]} {parts[2]}"),
    st.tuples(
        st.sampled_from(["params", "tags"]), _WORD, st.sampled_from(["=", "!=", "LIKE", "ILIKE"]), _TEXT
    ).map(lambda parts: f"{parts[0]}.`{parts[1]}` {parts[2]} '{parts[3]}'"),
    st.lists(_TEXT, min_size=1, max_size=3).map(
        lambda values: f"run_id IN ({', '.join(repr(value) for value in values)})"
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_CLAUSE, min_size=1, max_size=4))
def test_any_conjunction_is_read_as_mlflow_reads_it(clauses: list[str]) -> None:
    text = " AND ".join(clauses)
    assert list(parse_filter(text, grammars.RUNS)) == theirs(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_nonsense_is_refused_and_never_worse(text: str) -> None:
    with suppress(Invalid):
        assert isinstance(parse_filter(text, grammars.RUNS), tuple)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metrics.m > 1", True),
        ("metrics.m > 2", False),
        ("metrics.nan > 0", False),
        ("metrics.nan != 0", True),
        ("metrics.gone != 0", False),
        ("params.p LIKE 'a%'", True),
        ("params.p LIKE 'A%'", False),
        ("params.p ILIKE 'A%'", True),
        ("params.p LIKE 'a_c'", True),
        ("params.p LIKE 'b'", False),
        ("params.gone IS NULL", True),
        ("params.p IS NULL", False),
        ("tags.t IS NOT NULL AND tags.t != 'x'", True),
        ("datasets.name = 'second'", True),
        ("datasets.name != 'first'", True),
        ("datasets.name IN ('third')", False),
        ("run_id NOT IN ('r')", False),
    ],
)
def test_what_a_filter_matches(text: str, matches: bool) -> None:
    held: dict[Any, Any] = {
        ("metric", "m"): 2.0,
        ("metric", "nan"): float("nan"),
        ("param", "p"): "abc",
        ("tag", "t"): "y",
        ("dataset", "name"): ("first", "second"),
        ("attribute", "run_id"): "r",
    }
    test = compile_filter(parse_filter(text, grammars.RUNS))
    assert test(lambda kind, key: held.get((kind, key))) is matches


@pytest.mark.parametrize(
    ("grammar", "good", "bad"),
    [
        (grammars.EXPERIMENTS, "name ILIKE 'a%' AND tags.k = 'v' AND creation_time > 3", "metrics.a = 1"),
        (grammars.EXPERIMENTS, "tag.k IS NULL AND experiment_id IN ('1')", "name IN ('a')"),
        (grammars.MODELS, "name LIKE 'a%' AND tags.`mlflow.prompt.is_prompt` != 'true'", "tags.a IS NULL"),
        (grammars.MODELS, "attribute.name IN ('a','b')", "run_id = 'x'"),
        (grammars.VERSIONS, "name = 'a' AND run_id IN ('x') AND version_number > 3", "source_path IN ('a')"),
        (grammars.VERSIONS, "source_path LIKE 's3%' and tags.a = 'b'", "version_number = '3'"),
        (grammars.LOGGED_MODELS, "metrics.m > 1 AND params.p IN ('a') AND name = 'x'", "run_id = 'x'"),
    ],
)
def test_each_kind_has_its_own_grammar(grammar: grammars.Grammar, good: str, bad: str) -> None:
    assert parse_filter(good, grammar)
    with pytest.raises(Invalid):
        parse_filter(bad, grammar)
