"""project.yaml: what is accepted, what it means, and that it means one thing."""

import json
from pathlib import Path
from typing import Any

import pytest

from sluice.cli.project_yaml import load_spec
from sluice.project.reasons import ProjectInvalid
from sluice.project.schema import canonical, digest, json_schema, parse_project
from tests.unit.project.project_documents import a_document

ROOT = Path(__file__).resolve().parents[3]


def refusals(changes: dict[str, Any]) -> dict[str, tuple[str, str | None, str | None]]:
    """Message, value and expectation by path."""
    with pytest.raises(ProjectInvalid) as caught:
        parse_project(a_document(changes))
    return {each.path: (each.message, each.value, each.expected) for each in caught.value.reasons}


def test_what_is_left_out_has_a_meaning() -> None:
    spec = parse_project(a_document())
    assert spec.target.adverse == "1"
    assert spec.evaluation.threshold == 0.5
    assert spec.evaluation.split.test_fraction == 0.3
    assert spec.evaluation.primary_metric == "auc"
    assert [each.name for each in spec.promotion.environments] == ["staging", "production"]
    assert [each.approval for each in spec.promotion.environments] == ["auto", "one"]
    assert spec.promotion.automatic_outcomes == ()
    assert spec.contract.size_limit_mb == 100


def test_features_are_the_inputs_in_the_order_of_the_contract() -> None:
    allowed = {"reason": "the law asks for it"}
    spec = parse_project(a_document({"contract.columns.3.use_as_feature": allowed}))
    assert [column.name for column in spec.contract.features] == ["amount", "purpose", "sex"]


def test_a_document_and_its_canonical_form_are_the_same_project() -> None:
    for changes in ({}, {"evaluation.cost_matrix": {"false_positive": 1, "false_negative": 5}}):
        spec = parse_project(a_document(changes))
        again = parse_project(json.loads(canonical(spec)))
        assert (again, digest(again)) == (spec, digest(spec))


def test_null_says_the_same_as_absent() -> None:
    document = a_document()
    document["evaluation"]["threshold"] = None
    assert digest(parse_project(document)) == digest(parse_project(a_document()))


def test_another_meaning_is_another_digest() -> None:
    assert digest(parse_project(a_document({"training.seed": 3}))) != digest(parse_project(a_document()))


def test_classes_may_be_written_as_numbers_and_truth_values() -> None:
    assert parse_project(a_document({"target.positive": 1})).target.positive == "1"
    assert parse_project(a_document({"target.positive": True})).target.positive == "1"


def test_a_typo_names_the_key_that_was_probably_meant() -> None:
    found = refusals({"evaluation.margn": 0.1})
    message, value, expected = found["evaluation.margn"]
    assert message == "unknown key margn; did you mean margin?"
    assert value == "0.1"
    assert expected is not None
    assert "primary_metric" in expected


def test_every_mistake_is_named_at_once() -> None:
    found = refusals({"purpose": None, "training.seed": "x", "contract.columns.1.dtype": "float"})
    assert found == {
        "purpose": ("purpose is required", "(absent)", "a value"),
        "training.seed": ("should be a whole number", '"x"', "a whole number"),
        "contract.columns[1].dtype": (
            "should be number, integer, boolean, string or timestamp",
            '"float"',
            "number, integer, boolean, string or timestamp",
        ),
    }


CONTRADICTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"target.name": "defalt"}, "target.name", "did you mean default?"),
    ({"contract.columns.1.role": "target"}, "contract.columns[1].role", "target.name is default"),
    ({"contract.columns.1.name": "sex"}, "contract.columns[3].name", "listed twice"),
    ({"contract.columns.4.dtype": "string"}, "contract.columns[4].dtype", "a time column holds timestamps"),
    ({"contract.columns.4.role": "feature"}, "contract.columns[4].dtype", "cannot be a model input"),
    ({"contract.columns.1.maximum": -1}, "contract.columns[1].minimum", "no value lies in this range"),
    ({"contract.columns.2.minimum": 1}, "contract.columns[2].minimum", "only numbers have a range"),
    (
        {"contract.columns.2.change": "increase"},
        "contract.columns[2].change",
        "only numbers have a direction",
    ),
    ({"contract.columns.4.change": "never"}, "contract.columns[4].change", "only model inputs are changed"),
    ({"contract.columns.1.categories": ["a"]}, "contract.columns[1].categories", "only string columns"),
    ({"contract.columns.2.categories": ["a", "a"]}, "contract.columns[2].categories", "repeated"),
    (
        {"contract.columns.1.use_as_feature": {"reason": "x"}},
        "contract.columns[1].use_as_feature",
        "needs leave",
    ),
    ({"contract.columns.5.nullable": True}, "target.name", "cannot train"),
    ({"target.positive": None}, "target.positive", "needs its positive class"),
    ({"contract.columns.5.dtype": "number"}, "evaluation.task", "of dtype number"),
    ({"training.entry": None}, "training", "one of entry and pipeline"),
    ({"evaluation.primary_metric": "f1"}, "evaluation.primary_metric", "compared by an interval"),
    ({"evaluation.floors": {"rmse": 1}}, "evaluation.floors.rmse", "not a metric of a binary task"),
    (
        {"evaluation.threshold": 0.4, "evaluation.cost_matrix": {"false_positive": 1, "false_negative": 2}},
        "evaluation.threshold",
        "the costs choose the threshold",
    ),
    ({"evaluation.split": {"by": "time"}}, "evaluation.split.cutoff", "needs it"),
    (
        {"evaluation.split": {"by": "time", "column": "amount", "cutoff": "2026-01-01"}},
        "evaluation.split.column",
        "rows have no time there",
    ),
    (
        {"evaluation.split": {"by": "time", "column": "seen", "cutoff": "soon"}},
        "evaluation.split.cutoff",
        "not a time",
    ),
    ({"promotion.strategy": "canary"}, "promotion.strategy", "rolls out all at once"),
    ({"promotion.environments": [{"name": "staging"}]}, "promotion.environments", "answers from production"),
    (
        {"promotion.environments": [{"name": "edge"}, {"name": "production"}]},
        "promotion.environments",
        "exported bundles",
    ),
    (
        {"training": {"pipeline": {"model": {"use": "LogistcRegression"}}}},
        "training.pipeline.model.use",
        "did you mean LogisticRegression?",
    ),
    (
        {
            "training": {
                "pipeline": {
                    "numeric": [{"use": "StandardScaler"}],
                    "model": {"use": "RandomForestClassifier"},
                }
            }
        },
        "training.pipeline.numeric[0].use",
        "a scaler before trees changes answers",
    ),
]


@pytest.mark.parametrize(("changes", "path", "message"), CONTRADICTIONS)
def test_parts_that_contradict_each_other_are_refused(
    changes: dict[str, Any], path: str, message: str
) -> None:
    assert message in refusals(changes)[path][0]


def test_what_is_no_document_is_refused() -> None:
    for document in ("text", ["a"], None):
        with pytest.raises(ProjectInvalid, match="1 mistake"):
            parse_project(document)


def test_the_published_schema_is_the_one_in_force() -> None:
    published = json.loads((ROOT / "docs/project.schema.json").read_text(encoding="utf-8"))
    assert published == json_schema()


@pytest.mark.parametrize("name", ["credit", "marketing"])
def test_the_examples_are_valid(name: str) -> None:
    assert load_spec(ROOT / "examples" / name).name == name
