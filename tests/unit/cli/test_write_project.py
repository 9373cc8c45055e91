"""`project init` writes what can be pushed as it stands."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sluice.cli.project_yaml import load_spec
from sluice.cli.write_project import write_project
from sluice.domain.errors import Invalid
from sluice.project.inference import Inferred, Request, infer_project
from sluice.project.schema import parse_project
from tests.unit.project.data_files import a_csv, cycled

ODD: dict[str, Sequence[object]] = {
    "Customer ID": [f"C-{row:04d}" for row in range(60)],
    "Price (€)": cycled(["1.5", "NA", "30", ""]),
    "Region, Area": cycled(["No, rth", "Süd", '"East"', "a\nb"]),
    "a: b#c": cycled(["{x}", "[y]", "- z"]),
    "yes": cycled([1, 2, 3]),
    "null": cycled(["True", "False"]),
    "2024": cycled([0.5, 1.5]),
}


def inferred(folder: Path, target: list[object]) -> Inferred:
    return infer_project(a_csv(folder, ODD | {"churned?": target}), Request("churn", "churned?", owner="us"))


def test_what_is_written_is_what_was_inferred(tmp_path: Path) -> None:
    guess = inferred(tmp_path, cycled(["Yes", "No"]))
    written = write_project(tmp_path / "churn", guess)
    assert load_spec(tmp_path / "churn") == parse_project(guess.document)
    assert {path.name for path in written} >= {"project.yaml", "train.py", "test_train.py", "conftest.py"}


def test_no_value_of_the_data_but_categories_travels_with_the_tests(tmp_path: Path) -> None:
    write_project(tmp_path / "churn", inferred(tmp_path, cycled(["Yes", "No"])))
    assert "C-0001" not in (tmp_path / "churn/tests/columns.json").read_text(encoding="utf-8")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    guess = inferred(tmp_path, cycled(["Yes", "No"]))
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn/train.py").write_text("mine")
    with pytest.raises(Invalid, match=r"train\.py exists; nothing was written"):
        write_project(tmp_path / "churn", guess)
    assert [path.name for path in (tmp_path / "churn").iterdir()] == ["train.py"]


def test_the_tests_it_writes_pass(tmp_path: Path) -> None:
    """In one process for all tasks: importing scikit-learn takes longer than the tests."""
    targets: dict[str, list[object]] = {
        "binary": cycled(["Yes", "No"]),
        "multiclass": cycled(["a", "b", "c"]),
        "regression": [row * 0.5 for row in range(60)],
    }
    for task, target in targets.items():
        write_project(tmp_path / task, inferred(tmp_path, target))
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "--import-mode=importlib", *(str(tmp_path / task) for task in targets)],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "9 passed" in run.stdout
