"""A linear model explains itself exactly, and protected attributes are never shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.scoring.explanation import explain_row
from sluice.scoring.manifest import Manifest
from tests.unit.scoring import models


def manifest(**changes: object) -> Manifest:
    return Manifest.parse(models.credit_manifest(models.credit_onnx(), **changes))


@settings(max_examples=50, deadline=None)
@given(
    age=st.one_of(st.none(), st.floats(18, 120)),
    purpose=st.sampled_from(["", "car", "house", "boat"]),
    foreign=st.sampled_from([0.0, 1.0]),
)
def test_base_and_contributions_add_up_to_the_models_output(
    age: float | None, purpose: str, foreign: float
) -> None:
    explained = explain_row(manifest(), {"age": age, "purpose": purpose, "foreign": foreign})

    assert explained is not None
    parts = [explained.base, explained.withheld, *(each.contribution for each in explained.contributions)]
    assert math.isclose(math.fsum(parts), explained.output, abs_tol=1e-12)
    assert math.isclose(explained.output, models.log_odds(age, purpose, foreign), abs_tol=1e-9)


def test_protected_attributes_are_never_shown_but_a_finding_says_that_one_ranked() -> None:
    explained = explain_row(manifest(), {"age": 60.0, "purpose": "car", "foreign": 1.0})

    assert explained is not None
    assert "foreign" not in {each.feature for each in explained.contributions}
    assert [reason.feature for reason in explained.reasons] == ["age", "purpose"]
    assert explained.reasons[0].text == "Age of the applicant"
    assert explained.withheld == pytest.approx(models.FOREIGN - models.MEANS["foreign"])
    assert explained.protected_ranked


def test_reasons_are_those_against_the_applicant_only() -> None:
    row: dict[str, float | str | None] = {"age": 20.0, "purpose": "house", "foreign": 0.0}

    against = explain_row(manifest(), row)
    turned = explain_row(manifest(adverse="0"), row)

    assert against is not None
    assert turned is not None
    assert against.reasons == ()
    assert [reason.feature for reason in turned.reasons] == ["purpose", "age"]


def test_at_most_four_reasons() -> None:
    terms = {f"f{n}": {"kind": "numeric", "coefficient": n, "missing": 0, "mean": 0} for n in range(1, 7)}
    features = [{"name": name, "dtype": "number", "nullable": False} for name in terms]
    explained = explain_row(
        manifest(features=features, explanation={"kind": "linear", "base": 0, "terms": terms}),
        dict.fromkeys(terms, 1.0),
    )

    assert explained is not None
    assert [reason.feature for reason in explained.reasons] == ["f6", "f5", "f4", "f3"]
    assert explained.reasons[0].text == "f6 is 1.0"


def test_a_model_without_a_closed_form_has_no_explanation() -> None:
    assert explain_row(manifest(explanation={"kind": "none"}), {"age": 1.0}) is None
