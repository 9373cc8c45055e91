"""Deviations from the signature are named by field, value and expectation; nothing else is refused."""

from __future__ import annotations

import numpy as np
import pytest

from sluice.domain.errors import Invalid
from sluice.scoring.manifest import Manifest
from sluice.scoring.signature import MAX_REASONS, Table, enforce
from tests.unit.scoring import models

FEATURES = [
    {"name": "age", "dtype": "number", "nullable": True, "minimum": 18, "maximum": 120},
    {"name": "children", "dtype": "integer", "nullable": False},
    {"name": "purpose", "dtype": "string", "nullable": False, "categories": ["car"]},
    {"name": "foreign", "dtype": "boolean", "nullable": True},
]


def manifest() -> Manifest:
    changes = {"features": FEATURES, "explanation": {"kind": "none"}}
    return Manifest.parse(models.credit_manifest(b"", **changes))


def table(*, textual: bool = False, **changes: object) -> Table:
    good: dict[str, object] = {
        "age": [30, None],
        "children": [2, 0],
        "purpose": ["car", "boat"],
        "foreign": [True, None],
    }
    columns = {name: column for name, column in (good | changes).items() if column is not ...}
    return Table(columns, 2, textual)  # type: ignore[arg-type] # wrong on purpose


def test_the_rows_come_out_as_the_model_takes_them() -> None:
    rows = enforce(manifest(), table())

    assert np.array_equal(rows.columns["age"], [30.0, np.nan], equal_nan=True)
    assert rows.columns["children"].tolist() == [2.0, 0.0]
    assert rows.columns["purpose"].tolist() == ["car", "boat"]
    assert np.array_equal(rows.columns["foreign"], [1.0, np.nan], equal_nan=True)


def test_text_cells_are_read_by_the_features_type() -> None:
    given = table(
        textual=True, age=["30.5", ""], children=["2", "0"], purpose=["car", "1"], foreign=["TRUE", "0"]
    )

    rows = enforce(manifest(), given)

    assert np.array_equal(rows.columns["age"], [30.5, np.nan], equal_nan=True)
    assert rows.columns["purpose"].tolist() == ["car", "1"]
    assert rows.columns["foreign"].tolist() == [1.0, 0.0]


def test_protected_values_may_come_along_and_other_columns_are_left() -> None:
    rows = enforce(manifest(), table(sex=["f", "m"], note=["x", "y"]))

    assert rows.accompanying == {"sex": ["f", "m"]}
    assert set(rows.columns) == {"age", "children", "purpose", "foreign"}


@pytest.mark.parametrize(
    ("change", "row", "value", "expectation"),
    [
        ({"age": ...}, None, "null", "a column of type number, it is absent"),
        ({"age": ["old", 3]}, 0, "'old'", "a number or null"),
        ({"age": [True, 30]}, 0, "True", "a number or null"),
        ({"age": [30, 17.5]}, 1, "17.5", "at least 18"),
        ({"age": [30, 10**400]}, 1, "1000", "a finite number"),
        ({"age": [float("inf"), 30]}, 0, "inf", "a finite number"),
        ({"age": [1e39, 30]}, 0, "1e+39", "a finite number"),
        ({"age": np.array([30, 121], dtype="i2")}, 1, "121", "at most 120"),
        ({"age": [[1], 2]}, 0, "[1]", "a number or null"),
        ({"children": [1, None]}, 1, "null", "a whole number"),
        ({"children": [1, 1.5]}, 1, "1.5", "a whole number"),
        ({"children": np.array([1.0, np.nan])}, 1, "nan", "a whole number"),
        ({"purpose": ["car", None]}, 1, "null", "a text"),
        ({"purpose": ["", "car"]}, 0, "''", "a text"),
        ({"purpose": ["car", 1]}, 1, "1", "a text"),
        ({"purpose": np.array([1.0, 2.0])}, 0, "1.0", "a text"),
        ({"purpose": ["car", "\ud800"]}, 1, "'\\ud800'", "text in Unicode"),
        ({"foreign": ["yes", None]}, 0, "'yes'", "true or false or null"),
        ({"foreign": [2, 1]}, 0, "2", "true or false or null"),
    ],
)
def test_each_deviation_says_field_value_and_expectation(
    change: dict[str, object], row: int | None, value: str, expectation: str
) -> None:
    with pytest.raises(Invalid) as refused:
        enforce(manifest(), table(**change))  # type: ignore[arg-type] # wrong on purpose

    (reason,) = refused.value.reasons
    assert reason.path == next(iter(change))
    assert reason.value is not None
    assert reason.value.startswith(value[:4])
    assert len(reason.value) <= 80
    assert reason.expected == expectation
    assert (f"in row {row}" in reason.message) is (row is not None)
    assert reason.message in str(refused.value)


@pytest.mark.parametrize("cell", ["3_0", "abc", "1,5", "0x10"])
def test_text_that_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(Invalid, match="age in row 1: expected a number or null"):
        enforce(manifest(), table(textual=True, age=["30", cell], children=["1", "1"], foreign=["", ""]))


def test_all_fields_are_judged_and_the_message_stays_readable() -> None:
    features = [{"name": f"f{n}", "dtype": "number", "nullable": False} for n in range(MAX_REASONS + 5)]
    wide = Manifest.parse(models.credit_manifest(b"", features=features, explanation={"kind": "none"}))

    with pytest.raises(Invalid, match="and 5 more") as refused:
        enforce(wide, Table({}, 1))

    assert len(refused.value.reasons) == MAX_REASONS


def test_no_rows_are_refused() -> None:
    with pytest.raises(Invalid, match="no rows"):
        enforce(manifest(), Table({}, 0))


def test_accompanying_values_must_be_plain() -> None:
    with pytest.raises(Invalid, match="sex: expected texts or numbers"):
        enforce(manifest(), table(sex=[{"a": 1}, "m"]))
