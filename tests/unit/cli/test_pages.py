"""What the documentation lists is what there is."""

from pathlib import Path

from sluice.cli import commands_page, project_page

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_page_of_commands_is_printed_from_the_commands() -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == commands_page.page()


def test_the_page_of_project_yaml_is_printed_from_the_model() -> None:
    assert (DOCS / "project-yaml.md").read_text(encoding="utf-8") == project_page.page()


def test_every_key_of_project_yaml_is_explained() -> None:
    rows = [line for line in project_page.page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
