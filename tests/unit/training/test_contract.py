"""Reading columns of text: exactly what is written, every broken rule, rows and examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.domain.contract import MOST_REASONS, check_header, check_table, class_labels
from sluice.domain.contract_columns import Dtype, parse_number, parse_timestamp, read_column


@dataclass(frozen=True)
class Rule:
    name: str = "column"
    role: Any = "feature"
    dtype: Dtype = "number"
    nullable: bool = True
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] | None = None
    unique: bool = False


def read(texts: list[str], missing: tuple[str, ...] = (), **rule: Any) -> tuple[list[Any], list[str]]:
    values, reasons = read_column(np.asarray(texts, dtype=np.str_), Rule(**rule), missing)
    return values.tolist(), [reason.message for reason in reasons]


def test_texts_that_look_like_missing_stay_texts() -> None:
    values, problems = read(["none", "NA", "", "null"], dtype="string")

    assert values == ["none", "NA", "", "null"]
    assert problems == []


def test_the_projects_own_marks_for_missing_are_missing() -> None:
    values, problems = read(["1", "?", ""], missing=("?",), dtype="number")

    assert values[0] == 1.0
    assert np.isnan(values[1:]).all()
    assert problems == []


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", " 1", "1,5", "0x10", "1e999", "--1", "١"])
def test_what_python_would_take_for_a_number_may_be_none(text: str) -> None:
    values, problems = read([text], dtype="number")

    assert np.isnan(values[0])
    assert problems == ["1 row is not number (row 1)"]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_every_finite_number_is_read_back(value: float) -> None:
    assert parse_number(repr(value)) == value


@pytest.mark.parametrize(
    ("dtype", "texts", "values"),
    [
        ("integer", ["3", "-7", "4.0"], [3.0, -7.0, 4.0]),
        ("boolean", ["true", "False", "1", "0"], [1.0, 0.0, 1.0, 0.0]),
        ("timestamp", ["2026-11-23", "2026-11-23T10:00:00+02:00"], None),
    ],
)
def test_each_type_has_its_forms(dtype: Dtype, texts: list[str], values: list[float] | None) -> None:
    found, problems = read(texts, dtype=dtype)

    assert problems == []
    assert values is None or found == values


def test_times_become_one_sortable_form() -> None:
    assert parse_timestamp("2026-11-23T10:00:00+02:00") == "2026-11-23T08:00:00.000000"
    assert parse_timestamp("2026-11-23 08:00") == "2026-11-23T08:00:00.000000"
    assert parse_timestamp("yesterday") is None


def test_half_a_number_is_no_integer_and_a_huge_one_is_not_exact() -> None:
    _, problems = read(["1.5", str(2**60)], dtype="integer")

    assert problems == ["2 rows are not integer (rows 1, 2)"]


def test_limits_belong_to_the_range() -> None:
    _, problems = read(["1", "10", "0.9", "10.1"], minimum=1.0, maximum=10.0)

    assert problems == ["1 row is below the minimum (row 3)", "1 row is above the maximum (row 4)"]


def test_texts_may_come_as_bytes() -> None:
    plain, _ = read(["é", "", "b"], dtype="string")

    values, problems = read_column(
        np.asarray([text.encode() for text in ["é", "", "b"]]), Rule(dtype="string")
    )

    assert values.tolist() == plain
    assert problems == []


def test_unseen_categories_are_listed_with_their_counts() -> None:
    texts = np.asarray(["a", "x", "x", "y"])

    _, (reason,) = read_column(texts, Rule(dtype="string", categories=("a", "b")))

    assert reason.value == "'x' × 2, 'y' × 1"
    assert reason.expected == "one of a, b"


def test_many_bad_rows_make_one_reason() -> None:
    _, (reason,) = read_column(np.asarray(["x"] * 5_000), Rule())

    assert reason.message == "5000 rows are not number (rows 1, 2, 3, 4, 5, …)"


def test_missing_values_do_not_repeat_each_other() -> None:
    _, problems = read(["a", "b", "", ""], dtype="string", unique=True)

    assert problems == []


def test_an_id_is_unique_without_saying_so() -> None:
    _, problems = read(["a", "a"], dtype="string", role="id")

    assert problems == ["2 rows are repeated (rows 1, 2)"]


def test_ignored_columns_are_neither_checked_nor_kept() -> None:
    rules = [Rule("kept"), Rule("ignored", role="ignored")]
    texts = {"kept": np.asarray(["1"]), "ignored": np.asarray(["anything"])}

    checked = check_table(texts, rules, minimum_rows=1)

    assert list(checked.frame) == ["kept"]
    assert checked.reasons == ()
    assert check_header(["kept"], rules) == []


def test_a_hopeless_file_does_not_make_a_hopeless_record() -> None:
    rules = [Rule(f"c{number}") for number in range(500)]
    texts = {rule.name: np.asarray(["x"]) for rule in rules}

    checked = check_table(texts, rules, minimum_rows=1)

    assert len(checked.reasons) == MOST_REASONS
    assert checked.reasons[-1].message == "and 451 more problems"


def test_classes_are_named_as_people_write_them() -> None:
    assert class_labels(np.asarray([0.0, 1.0])).tolist() == ["0", "1"]
    assert class_labels(np.asarray(["yes"])).tolist() == ["yes"]
