"""A first project.yaml from data nobody has seen."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sluice.domain.errors import Invalid
from sluice.project.data_file import DataFileInvalid
from sluice.project.inference import Inferred, Request, infer_project
from sluice.project.schema import parse_project
from tests.unit.project.data_files import a_csv, cycled

ROWS = 60


def inferred(folder: Path, columns: dict[str, Sequence[object]], **request: Any) -> Inferred:
    """What is inferred of these columns beside a plain feature and a binary target."""
    beside: dict[str, Sequence[object]] = {"size": [row % 7 * 1.5 for row in range(ROWS)]}
    target = {"target": cycled([0, 1])}
    path = a_csv(folder, beside | columns | ({} if "target" in columns else target))
    result = infer_project(path, Request("demo", "target", **request))
    parse_project(result.document)
    return result


def column(result: Inferred, name: str) -> dict[str, Any]:
    contract: Any = result.document["contract"]
    return next(each for each in contract["columns"] if each["name"] == name)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1", "2", "3"], "integer"),
        (["1", "2.5", "3e2"], "number"),
        (["True", "false", "TRUE"], "boolean"),
        (["a", "b", "3"], "string"),
        (["00501", "10001", "94105"], "string"),
        (["yes", "no", "yes"], "string"),
        (["99999999999999999999", "1", "2"], "number"),
    ],
)
def test_the_narrowest_type_that_every_value_has(tmp_path: Path, values: list[str], dtype: str) -> None:
    assert column(inferred(tmp_path, {"x": cycled(values)}), "x")["dtype"] == dtype


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("CustomerID", [f"c{row}" for row in range(ROWS)], "id"),
        ("customer id", list(range(5, 5 + ROWS)), "id"),
        ("Unnamed", list(range(ROWS)), "ignored"),
        ("notes", [f"called on day {row}" for row in range(ROWS)], "ignored"),
        ("constant", ["x"] * ROWS, "ignored"),
        ("empty", [""] * ROWS, "ignored"),
        ("mostly empty", ["", *["a", "b"], *[""] * (ROWS - 3)], "ignored"),
        ("signed_up", [f"2026-01-{row % 28 + 1:02d}" for row in range(ROWS)], "time"),
        ("Gender", cycled(["f", "m", "x"]), "protected"),
        ("age", cycled([20, 30, 40]), "protected"),
        ("wage", cycled([20, 30, 40]), "feature"),
        ("outcome_text", cycled(["stayed", "left"]), "ignored"),
        ("colour", cycled(["red", "green", "blue"]), "feature"),
    ],
)
def test_the_role_a_column_probably_has(tmp_path: Path, name: str, values: list[object], role: str) -> None:
    found = column(inferred(tmp_path, {name: values}), name)
    assert found["role"] == role
    assert (role == "ignored") == ("note" in found and found.get("nullable", False))


def test_the_id_that_was_named_is_the_id(tmp_path: Path) -> None:
    result = inferred(
        tmp_path, {"row_id": list(range(ROWS)), "code": [f"k{n}" for n in range(ROWS)]}, id_column="code"
    )
    assert column(result, "code")["role"] == "id"
    assert column(result, "row_id")["role"] == "ignored"


def test_an_id_that_repeats_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="'a' occurs more than once"):
        inferred(tmp_path, {"code": cycled(["a", "b"])}, id_column="code")


def test_missing_values_and_their_markers_are_learned(tmp_path: Path) -> None:
    result = inferred(
        tmp_path, {"income": cycled(["NA", "10", "", "20.5"]), "place": cycled(["NA", "x", "y"])}
    )
    contract: Any = result.document["contract"]
    assert contract["missing_values"] == ["NA"]
    assert column(result, "income") == {
        "name": "income",
        "role": "feature",
        "dtype": "number",
        "nullable": True,
        "minimum": 0,
    }
    assert column(result, "place")["nullable"]


def test_markers_among_texts_stay_texts(tmp_path: Path) -> None:
    result = inferred(tmp_path, {"garage": cycled(["NA", "attached", "built-in"])})
    contract: Any = result.document["contract"]
    assert "missing_values" not in contract
    assert column(result, "garage")["categories"] == ["NA", "attached", "built-in"]


def test_only_categories_that_are_well_attested_are_demanded(tmp_path: Path) -> None:
    rare = ["once", *cycled(["a", "b"], ROWS - 1)]
    result = inferred(tmp_path, {"often": cycled(["a", "b", "c"]), "rare": rare})
    assert column(result, "often")["categories"] == ["a", "b", "c"]
    assert "categories" not in column(result, "rare")


@pytest.mark.parametrize(
    ("values", "task", "positive", "dtype"),
    [
        ([0, 1], "binary", "1", "integer"),
        (["no", "yes"], "binary", "yes", "string"),
        (["True", "False"], "binary", "1", "boolean"),
        (["good", "good", "bad"], "binary", "bad", "string"),
        (["left", "left", "right"], "binary", "right", "string"),
        (["1.0", "0.0", "0.0"], "binary", "1", "integer"),
        (["red", "green", "blue"], "multiclass", None, "string"),
        ([1, 2, 3], "multiclass", None, "integer"),
        ([row * 3 for row in range(ROWS)], "regression", None, "integer"),
        ([row * 0.5 for row in range(ROWS)], "regression", None, "number"),
    ],
)
def test_the_question_that_the_target_asks(
    tmp_path: Path, values: list[object], task: str, positive: str | None, dtype: str
) -> None:
    spec = parse_project(inferred(tmp_path, {"target": cycled(values)}).document)
    assert (spec.evaluation.task, spec.target.positive) == (task, positive)
    assert spec.contract.column("target").dtype == dtype


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "0", ""], "20 rows have no value in it"),
        (["same"], "every row says 'same'"),
        ([f"word {row}" for row in range(ROWS)], "60 different values"),
    ],
)
def test_a_column_that_cannot_be_predicted_is_refused(
    tmp_path: Path, values: list[str], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        inferred(tmp_path, {"target": cycled(values)})


def test_an_unknown_target_names_the_one_probably_meant(tmp_path: Path) -> None:
    path = a_csv(tmp_path, {"churned": cycled([0, 1]), "x": cycled([1, 2, 3])})
    with pytest.raises(Invalid, match="did you mean churned"):
        infer_project(path, Request("demo", "chured"))


def test_a_class_with_few_rows_is_warned_of(tmp_path: Path) -> None:
    result = inferred(tmp_path, {"target": ["rare", *cycled(["a", "b"], ROWS - 1)]})
    assert result.warnings == ("class 'rare' has only 1 rows: too few to judge a model on it",)


def test_a_small_file_asks_for_few_rows(tmp_path: Path) -> None:
    path = a_csv(tmp_path, {"x": cycled([1, 2, 3], 24), "target": cycled([0, 1], 24)}, "small.csv.gz")
    assert parse_project(infer_project(path, Request("demo", "target")).document).contract.minimum_rows == 20


def test_when_nothing_is_left_to_learn_from_it_says_why(tmp_path: Path) -> None:
    path = a_csv(tmp_path, {"age": cycled([20, 30, 40]), "target": cycled([0, 1])})
    with pytest.raises(DataFileInvalid, match=r"no column is left to learn from .*age: by its name"):
        infer_project(path, Request("demo", "target"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,target\n", "has 0 rows"),
        (b"a;target\n1;2\n", "separates its columns by ';'"),
        (b",target\n1,2\n", "column 1 of data.csv has no name"),
        (b"a,a,target\n1,2,3\n", "two columns named 'a'"),
        (b"a,target\n1,2,3\n", "line 2 of data.csv has 3 cells, the header has 2"),
        (b"a,target\n\xff\xfe,1\n", "is not UTF-8 text"),
        (b'a,target\n"open,1\n', "line 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataFileInvalid, match=message):
        infer_project(path, Request("demo", "target"))


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(b"no gzip at all")
    with pytest.raises(DataFileInvalid, match=r"data\.csv\.gz"):
        infer_project(path, Request("demo", "target"))


def test_parquet_without_its_readers_says_which_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(DataFileInvalid, match="pip install pandas fastparquet"):
        infer_project(path, Request("demo", "target"))
