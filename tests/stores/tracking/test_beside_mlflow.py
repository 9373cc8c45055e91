"""Searches answer as MLflow's own store does, asked the same of the same runs, models and experiments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sluice.stores.tracking import Tracking
from tests.stores.tracking.scenes import Client
from tests.stores.tracking.twins import NUMBERS, PARAMS, REFUSED, Ours, Theirs, fill_ours, fill_theirs

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    made = fill_theirs(tmp_path_factory.mktemp("mlflow"))
    yield made
    made.tracking.engine.dispose()


Fill = Callable[[str], Ours]


@pytest.fixture
def ours_for(client: Client, tracking: Tracking, theirs: Theirs) -> Fill:
    return lambda what: fill_ours(client, tracking, theirs, what)


_TEXTS = st.sampled_from([f"'{text}'" for text in (*PARAMS, "a%", "%", "_", "beside-_", "m-%", "s3://b%")])
_FIGURES = st.sampled_from([repr(one) for one in NUMBERS if abs(one) < 1e300] + ["20", "1"])
_PROMPT = "mlflow.prompt.is_prompt"
_EQUAL, _LIKE = ["=", "!="], ["=", "!=", "LIKE", "ILIKE"]
_NUMERIC = ["=", "!=", "<", "<=", ">", ">="]
_NULLS = ["IS NULL", "IS NOT NULL"]

#: What may be compared, how, and with what: per search.
_CLAUSES: dict[str, list[tuple[list[str], list[str], st.SearchStrategy[str]]]] = {
    "runs": [
        (["metrics.a", "metric.`b`", "metrics.gone"], _NUMERIC, _FIGURES),
        (["params.p", "param.q", "tags.t", 'tag."u"', "tags.`a b`"], _LIKE, _TEXTS),
        (["params.p", "params.q", "tags.t", "tags.gone"], _NULLS, st.just("")),
        (["start_time", "end_time", "created"], _NUMERIC, st.sampled_from(["10", "20", "30", "45"])),
        (["run_name", "attributes.run_name"], _LIKE, st.sampled_from(["'run-03'", "'run-0%'", "'RUN-1_'"])),
        (["status", "user_id"], _LIKE, st.sampled_from(["'FINISHED'", "'RUNNING'", "'me'", "'f%'"])),
        (
            ["datasets.name", "dataset.digest", "datasets.context"],
            _LIKE,
            st.sampled_from(["'train'", "'d1'", "'%n'"]),
        ),
        (
            ["datasets.name", "datasets.context"],
            ["IN", "NOT IN"],
            st.sampled_from(["('train')", "('test', 'training')"]),
        ),
    ],
    "experiments": [
        (["name"], _LIKE, _TEXTS),
        (["tags.t", "tag.u", "tags.`a b`"], _LIKE, _TEXTS),
        (["tags.t", "tags.gone"], _NULLS, st.just("")),
        (["experiment_id"], _EQUAL, st.sampled_from(["'0'", "'1'"])),
        (["experiment_id"], ["IN", "NOT IN"], st.sampled_from(["('0')", "('0', '1')"])),
        (["creation_time", "last_update_time"], _NUMERIC, st.sampled_from(["0", "1", "9999999999999"])),
    ],
    "models": [
        (["name", "attribute.name"], _LIKE, _TEXTS),
        (["name"], ["IN", "NOT IN"], st.sampled_from(["('m-a')", "('m-B', 'm%', 'x')"])),
        (["tags.t", "tag.u", "tags.`a b`"], _LIKE, _TEXTS),
        ([f"tags.`{_PROMPT}`"], _EQUAL, st.sampled_from(["'true'", "'false'"])),
    ],
    "versions": [
        (["name"], _LIKE, _TEXTS),
        (["name", "run_id"], ["IN", "NOT IN"], st.sampled_from(["('m-a')", "('m-B', 'm%', 'x')"])),
        (["source_path"], _LIKE, _TEXTS),
        (["version_number"], _NUMERIC, st.sampled_from(["0", "1", "2", "3"])),
        (["tags.t", "tag.u", "tags.`a b`"], _LIKE, _TEXTS),
    ],
    "logged": [
        (["name", "model_type"], _LIKE, st.sampled_from(["'model-1'", "'sklearn'", "'MODEL%'", "onnx"])),
        (["name", "params.lr", "tags.t"], ["IN", "NOT IN"], st.sampled_from(["('model-1')", "('0.1', 'x')"])),
        (["params.lr"], _LIKE, st.sampled_from(["0.01", "'0.1'", "'0%'"])),
        (["metrics.auc", "metrics.loss"], _NUMERIC, st.sampled_from(["0.2", "0.7", "3", "6.0"])),
        (["creation_timestamp", "creation_time"], _NUMERIC, st.sampled_from(["0", "9999999999999"])),
        (["tags.t"], _LIKE, _TEXTS.filter(lambda text: "''" not in text)),
    ],
}
_KEYS: dict[str, list[str]] = {
    "runs": [
        "metrics.a", "metrics.b", "params.p", "param.q", "tags.t", "tag.`u`", "tags.gone", "metrics.gone",
        "start_time", "attributes.end_time", "run_name", "status", "run_id", "Created",
    ],
    "experiments": ["name", "creation_time", "last_update_time", "experiment_id"],
    "models": ["name", "last_updated_timestamp", "timestamp"],
    "versions": ["name", "version_number", "creation_timestamp", "last_updated_timestamp"],
}  # fmt: skip
_DATASETS = [
    {"dataset_name": "train"},
    {"dataset_name": "test", "dataset_digest": "d1"},
    {"dataset_name": "x"},
]


@st.composite
def filters(draw: st.DrawFn, what: str) -> str:
    clauses = []
    for _ in range(draw(st.integers(0, 2))):
        keys, operators, values = draw(st.sampled_from(_CLAUSES[what]))
        operator, value = draw(st.sampled_from(operators)), draw(values)
        clauses.append(f"{draw(st.sampled_from(keys))} {operator} {value}".strip())
    # "No prompt and a prompt" is nothing to us; to MLflow, every model that is none.
    assume(sum(_PROMPT in clause for clause in clauses) < 2)
    return " AND ".join(clauses)


@st.composite
def orders(draw: st.DrawFn, what: str) -> list[Any]:
    if what == "logged":
        names = ["name", "creation_timestamp", "model_type", "metrics.auc", "metrics.loss"]
        chosen = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
        return [
            {"field_name": name, "ascending": draw(st.booleans())}
            | (draw(st.sampled_from([{}, *_DATASETS])) if "." in name else {})
            for name in chosen
        ]
    # MLflow fails on the same key twice, under any of its names.
    chosen = draw(
        st.lists(
            st.sampled_from(_KEYS[what]),
            max_size=3,
            unique_by=_same,
        )
    )
    return [f"{key} {draw(st.sampled_from(['ASC', 'DESC', 'asc', '']))}".strip() for key in chosen]


def _same(key: str) -> str:
    return {"Created": "start_time", "timestamp": "last_updated_timestamp"}.get(key, key)


@pytest.mark.parametrize(
    ("what", "examples"),
    [("runs", 80), ("experiments", 25), ("models", 25), ("versions", 25), ("logged", 40)],
)
def test_every_filter_and_order_gives_what_mlflow_gives(
    ours_for: Fill, theirs: Theirs, what: str, examples: int
) -> None:
    ours = ours_for(what)

    @settings(max_examples=examples, deadline=None, database=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        text, order = data.draw(filters(what)), data.draw(orders(what))
        more: dict[str, Any] = {}
        if what == "logged":
            more = {"datasets": data.draw(st.lists(st.sampled_from(_DATASETS), max_size=2))}
        found = ours.search(what, text, order, **more)
        assert found == theirs.search(what, text, order, **more), (text, order, more)
        assert found != REFUSED, (text, order)

    check()


#: (search, filter, what this server finds, why it means to differ from MLflow).
MEANT = [
    ("runs", "tags.a-b = 'x'", True, "a key needs no quotes where nothing else could be meant"),
    ("runs", "metrics.val/loss > 1", True, "the same"),
    ("runs", "run_id IN (('a'))", False, "a list in a list"),
    ("runs", "tags.a = 'x' tags.b = 'y'", False, "a forgotten AND is said, not guessed"),
    ("runs", "AND", False, "the same"),
    ("experiments", "name like 'x'", True, "words of operators are read in any case, as everywhere else"),
    ("experiments", "experiment_id = 'x'", True, "no experiment has that id: nothing is found"),
    ("experiments", "experiment_id LIKE '1%'", True, "ids are texts"),
    ("models", "attribute.`name` = 'x'", True, "attributes may be quoted, as everywhere else"),
    ("versions", "attribute.\"run_id\" = 'x'", True, "the same"),
    ("logged", "metric.a > 1", True, "kinds have the names that they have in searches of runs"),
    ("logged", "last_updated_time > 1", True, "MLflow's parser knows it and its SQL fails on it"),
    ("logged", "name IN ()", False, "an empty list is refused, as everywhere else"),
    ("logged", "name IN ('a', 1)", False, "a list of texts, as everywhere else"),
    (
        "logged",
        "lifecycle_stage = 'deleted'",
        False,
        "no attribute that is told: MLflow shows no deleted ones",
    ),
]


def test_what_is_meant_to_differ_does(ours_for: Fill, theirs: Theirs) -> None:
    ours = ours_for("nothing")
    for what, text, taken, why in MEANT:
        found = ours.search(what, text, [])
        assert (found != REFUSED) is taken, (text, why)
        assert (theirs.search(what, text, []) != REFUSED) is not taken, (text, why)
