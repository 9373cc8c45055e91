"""The command as a person meets it, as far as it goes without a deployment."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sluice.cli import failures
from sluice.cli.app import app
from sluice.client.errors import NotConfigured, NotThere, Problem, Refused, Unauthorized
from sluice.domain.errors import Invalid, Reason
from tests.unit.project.data_files import a_csv, cycled

COMMANDS = (
    *("up", "down", "status", "reset", "env", "smoke", "demo", "predict", "lineage"),
    *("project init", "project push", "project list", "project show", "data push", "data list"),
    *("training list", "training show", "training retry", "prediction show", "feedback push"),
    *("promotion list", "promotion show", "promotion approve", "promotion reject", "promotion request"),
    *("drift list", "drift show", "drift run", "audit list", "audit verify"),
)
READS = (
    *("status", "predict", "lineage", "project list", "project show", "data list", "training list"),
    *("training show", "prediction show", "promotion list", "promotion show", "drift list", "drift show"),
    *("audit list", "audit verify"),
)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    if isinstance(result.exception, failures.EXPECTED):
        return failures.exit_code(result.exception), str(result.exception)
    return result.exit_code, result.output


def test_a_command_loads_nothing_of_the_others() -> None:
    script = (
        "import sys; from sluice.cli.app import app; app(['promotion', 'list', '-h'], standalone_mode=False)"
    )
    shown = "; print([name for name in sys.modules if name.startswith(('sluice.project', 'yaml'))])"

    done = subprocess.run([sys.executable, "-c", script + shown], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    code, text = run(*command.split(), "--help")
    assert code == 0
    assert "Usage:" in text


@pytest.mark.parametrize("command", READS)
def test_every_read_speaks_json(command: str) -> None:
    assert "--json" in run(*command.split(), "--help")[1]


def test_init_writes_a_project_and_says_what_comes_next(tmp_path: Path) -> None:
    data = a_csv(tmp_path, {"size": cycled([1, 2, 3]), "bought": cycled(["yes", "no"])})
    folder = tmp_path / "shop"
    code, text = run(
        "project", "init", "shop", "--data", str(data), "--target", "bought", "--dir", str(folder)
    )
    assert code == 0
    assert (folder / "project.yaml").exists()
    assert f"sluice project push {folder}" in text.replace("\n", "")


def test_a_name_that_cannot_be_an_address_is_refused(tmp_path: Path) -> None:
    code, text = run("project", "init", "My Shop", "--data", str(tmp_path), "--target", "x")
    assert (code, text) == (failures.USAGE, "My Shop is no name for a project")


def test_an_unknown_role_is_refused() -> None:
    code, text = run("--as", "boss", "project", "list")
    assert code == 2
    assert "boss is none of viewer" in text


def test_a_profile_that_does_not_run_is_said_and_has_its_code() -> None:
    code, text = run("--profile", "nobody-started-this", "project", "list")
    assert code == failures.UNREACHABLE
    assert "does not run here" in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (failures.AnswerIsNo("rejected"), 1),
        (Refused(Problem(409, "Not possible", "decided")), 1),
        (Invalid("wrong file"), 2),
        (NotConfigured("no profile"), 3),
        (Unauthorized(Problem(403, "Not allowed", "")), 4),
        (NotThere(Problem(404, "Not found", "")), 5),
    ],
)
def test_each_failure_has_its_code(error: Exception, code: int) -> None:
    assert failures.exit_code(error) == code


def test_a_failure_shows_every_reason(capsys: pytest.CaptureFixture[str]) -> None:
    error = Invalid("2 mistakes", [Reason("a.b", "unknown key b", "1", "c"), Reason("d", "d is required")])
    assert failures.report(error) == 2
    shown = capsys.readouterr().err
    assert "2 mistakes" in shown
    assert "unknown key b" in shown
    assert "d is required" in shown
